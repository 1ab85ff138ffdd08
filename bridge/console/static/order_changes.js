// What the merchant changes on an order: its cancellation on Amazon, and where its parcel goes.

import { Problem, ask, post } from "./api.js";
import { find, findAll, h } from "./dom.js";
import { clearErrors, showErrors } from "./form.js";
import { act, failed, tell } from "./shell.js";

const SETTLED = ["importing", "imported", "completed", "canceled"];
const LINES = ["#lines", "#lines-2", "#lines-3"];

/** The wish to cancel that was sent or will be; undefined when there is none. */
export const cancellation = (order) => order.outgoing.find((change) => change.kind === "cancel_amazon");

/** Whether Amazon may be asked to cancel: as the API decides it. */
function cancelable(order) {
  const asked = cancellation(order);
  return order.channel === "FBM" && order.amazon_status === "Unshipped" && (!asked || asked.state === "refused");
}

/** Whether the address may be changed: as the API decides it, once there is one to change. */
const editable = (order) => !SETTLED.includes(order.import_state) && Boolean(order.shipping_address);

export function cancelButton(order, again) {
  return cancelable(order) && h("button", { type: "button", "data-key": "cancel", onclick: () => openCancel(order, again) }, "Cancel order");
}

export function addressButton(order, again) {
  const open = (event) => act(event.currentTarget, () => openAddress(order, again));
  return editable(order) && h("button", { type: "button", "data-key": "address", onclick: open }, "Change the address");
}

function openCancel(order, again) {
  const dialog = find("#cancel");
  const form = find("form", dialog);
  const submit = find("button[type=submit]", form);
  clearErrors(form);
  find("button[type=button]", form).onclick = () => dialog.close();
  form.onsubmit = (event) => {
    event.preventDefault();
    act(submit, () => saved(form, async () => {
      await post(`/orders/${order.id}/cancel`, { reason: form.elements.reason.value });
      dialog.close();
      tell("Amazon is asked to cancel this order.");
      await again();
    })).finally(() => form.dataset.kept || dialog.close());
  };
  dialog.showModal();
  form.elements.reason.focus();
}

async function openAddress(order, again) {
  const dialog = find("#address");
  const form = find("form", dialog);
  const { data, etag } = await ask("GET", `/orders/${order.id}/shipping-address`);
  clearErrors(form);
  for (const control of findAll("input[name]", form)) control.value = data[control.name] ?? "";
  LINES.forEach((line, index) => (find(line, form).value = data.lines[index] ?? ""));
  find("button[type=button]", form).onclick = () => dialog.close();
  form.onsubmit = (event) => {
    event.preventDefault();
    act(find("button[type=submit]", form), () => saved(form, async () => {
      await ask("PUT", `/orders/${order.id}/shipping-address`, { body: written(form), etag });
      dialog.close();
      tell("The address is saved. Whatever Amazon sends later, the parcel goes there.");
      await again();
    })).finally(() => form.dataset.kept || dialog.close());
  };
  dialog.showModal();
}

function written(form) {
  const values = Object.fromEntries(findAll("input[name]", form).map((control) => [control.name, control.value.trim() || null]));
  const lines = LINES.map((line) => find(line, form).value.trim()).filter(Boolean);
  for (const name of ["name", "city", "country"]) values[name] ??= "";
  return { ...values, country: values.country.toUpperCase(), lines };
}

/** Do it; what is wrong with a field stands at the field, and the dialog stays open (data-kept). */
async function saved(form, what) {
  delete form.dataset.kept;
  clearErrors(form);
  try {
    await what();
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 422) {
      if (error.status !== 412) throw error;
      return failed(new Problem(412, { detail: "Not saved: the address has changed since you opened it. Look at it again." }));
    }
    form.dataset.kept = "true";
    find(".elsewhere", form).textContent = showErrors(form, error).join(" ");
  }
}
