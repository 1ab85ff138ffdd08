// What Amazon is told for the shop's carriers.

import { ask, get } from "./api.js";
import { cell, find, h, replace, row } from "./dom.js";
import { clearErrors, showErrors } from "./form.js";
import { act, showStore, start, tell } from "./shell.js";

const store = find("#main").dataset.store;
const path = `/stores/${store}/carrier-map`;
const form = find("#add");
const OTHER = "Other";
const told = (mapping) => (mapping.carrier_code === OTHER ? `Other: ${mapping.carrier_name}` : mapping.carrier_code);

/** A name goes with "Other" only. */
function settle() {
  const other = form.elements.carrier_code.value.trim() === OTHER;
  form.elements.carrier_name.disabled = !other;
  form.elements.carrier_name.closest(".field").classList.toggle("off", !other);
}

/** Save the map as `change` makes it of the newest one, so that nobody's entry is lost; shows and answers it. */
async function save(change) {
  const { items } = await get(path);
  const { data } = await ask("PUT", path, { body: { items: change(items) } });
  show(data);
  return data;
}

async function add() {
  clearErrors(form);
  const given = Object.fromEntries(["commerce_carrier", "carrier_code", "carrier_name"].map((name) => [name, form.elements[name].value.trim()]));
  const mapping = { ...given, carrier_name: given.carrier_code === OTHER ? given.carrier_name || null : null };
  let place = 0;
  try {
    await save((items) => {
      place = items.length;
      return [...items, mapping];
    });
    form.reset();
    settle();
    tell(`For ${mapping.commerce_carrier}, Amazon is told ${told(mapping)}.`);
  } catch (error) {
    if (error.status !== 422) throw error;
    const mine = error.errors.map((one) => ({ ...one, field: one.field?.replace(`items.${place}.`, "") }));
    const elsewhere = showErrors(form, { errors: mine });
    if (elsewhere.length) tell(elsewhere.join(" "), "bad");
  }
}

const remove = (mapping) => (event) => act(event.currentTarget, async () => {
  await save((items) => items.filter((one) => one.commerce_carrier !== mapping.commerce_carrier));
  tell(`${mapping.commerce_carrier} is no longer mapped.`);
});

/** Fill the form with a carrier that Amazon does not know, and its nearest code. */
function take(carrier) {
  form.elements.commerce_carrier.value = carrier.title || carrier.carrier_code;
  form.elements.carrier_code.value = carrier.suggestion ?? "";
  settle();
  form.elements.carrier_code.focus();
}

function show({ items, unmapped }) {
  find("#unmapped-card").hidden = unmapped.length === 0;
  replace(find("#unmapped"), unmapped.map((carrier) => row({},
    cell("The shop's carrier", { class: "main" }, carrier.title || carrier.carrier_code, h("div", { class: "sub" }, `Code ${carrier.carrier_code}`)),
    cell("Amazon is told", {}, `Other: ${carrier.title || carrier.carrier_code}`),
    cell("Nearest at Amazon", {}, carrier.suggestion ?? "–"),
    cell("Action", {}, h("button", { type: "button", "data-key": `map ${carrier.carrier_code} ${carrier.title}`, "aria-label": `Map ${carrier.title || carrier.carrier_code}`, onclick: () => take(carrier) }, "Map it")))));
  find("#mapped-none").hidden = items.length > 0;
  find("#mapped").closest("table").hidden = items.length === 0;
  replace(find("#mapped"), items.map((mapping) => row({},
    cell("The shop's carrier", { class: "main" }, mapping.commerce_carrier),
    cell("Amazon is told", {}, told(mapping)),
    cell("Action", {}, h("button", { type: "button", "data-key": `delete ${mapping.commerce_carrier}`, "aria-label": `Delete ${mapping.commerce_carrier}`, onclick: remove(mapping) }, "Delete")))));
}

start(async () => {
  showStore(await get(`/stores/${store}`));
  show(await get(path));
  find(".loading").remove();
  settle();
  form.addEventListener("input", settle);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(find("button[type=submit]", form), add);
  });
});
