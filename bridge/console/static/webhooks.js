// Who is told what becomes of orders.

import { ask, get, post } from "./api.js";
import { cell, find, findAll, h, row, status, when } from "./dom.js";
import { clearErrors, offerStores, showErrors } from "./form.js";
import { showRows } from "./rows.js";
import { act, failed, keepFresh, start, tell } from "./shell.js";

const form = find("#add");

/** An endpoint's secret is shown this once. */
function showSecret(url, secret) {
  tell(`The secret of ${url}, shown this once: ${secret}`);
}

async function save(again) {
  clearErrors(form);
  const store = form.elements.store_id.value;
  const body = {
    url: form.elements.url.value.trim(),
    description: form.elements.description.value.trim(),
    events: findAll('input[name="events"]:checked', form).map((box) => box.value),
    store_id: store ? Number(store) : null,
  };
  try {
    const made = await post("/webhooks", body);
    form.reset();
    showSecret(made.url, made.secret);
    await again();
  } catch (error) {
    if (error.status !== 422) throw error;
    const elsewhere = showErrors(form, error);
    if (elsewhere.length) tell(elsewhere.join(" "), "bad");
  }
}

const state = (endpoint) => (endpoint.active ? (endpoint.failing_since ? "failing" : "active") : "disabled");

/** Ask first; a dialog that is left with Escape changes nothing. */
function confirmed(question, label, doing) {
  const dialog = find("#confirm");
  const [confirm, keep] = dialog.querySelectorAll("button");
  find("#confirm-what").textContent = question;
  confirm.textContent = label;
  keep.onclick = () => dialog.close();
  confirm.onclick = () => act(confirm, doing).finally(() => dialog.close());
  dialog.showModal();
  keep.focus();
}

function actions(endpoint, again) {
  const path = `/webhooks/${endpoint.id}`;
  const button = (label, doing) => h("button", {
    type: "button", "data-key": label, "aria-label": `${label}: ${endpoint.url}`, onclick: (event) => doing(event.currentTarget),
  }, label);
  const asked = (label, question, doing) => button(label, () => confirmed(question, label, doing));
  return [
    h("a", { href: `/console/webhooks/${endpoint.id}`, "aria-label": `Deliveries to ${endpoint.url}` }, "Deliveries"),
    endpoint.active && button("Send a test", (self) => act(self, async () => {
      await post(`${path}/test`);
      tell(`A test is on its way to ${endpoint.url}.`);
      await again();
    })),
    button(endpoint.active ? "Switch off" : "Switch on", (self) => act(self, async () => {
      await ask("PATCH", path, { body: { active: !endpoint.active } });
      await again();
    })),
    asked("New secret", `${endpoint.url} gets a new secret. The present one signs for one more day.`, async () => {
      const made = await post(`${path}/rotate-secret`, {});
      showSecret(made.url, made.secret);
      await again();
    }),
    asked("Delete", `${endpoint.url} is told nothing any more.`, async () => {
      await ask("DELETE", path);
      tell(`${endpoint.url} is deleted.`);
      await again();
    }),
  ];
}

function endpointRow(endpoint, stores, again) {
  const why = endpoint.disabled_reason ?? (endpoint.failing_since && ["Failing since ", when(endpoint.failing_since)]);
  return row({},
    cell("Address", { class: "main wide" }, endpoint.url, endpoint.description && h("div", { class: "sub" }, endpoint.description)),
    cell("Store", {}, endpoint.store_id ? (stores.get(endpoint.store_id)?.name ?? endpoint.store_id) : "All stores"),
    cell("Events", {}, endpoint.events.join(", ")),
    cell("State", {}, status(state(endpoint)), why && h("div", { class: "sub" }, why)),
    cell("Last success", {}, when(endpoint.last_success_at)),
    cell("Actions", {}, h("div", { class: "actions" }, actions(endpoint, again))));
}

start(async () => {
  const stores = await offerStores(form.elements.store_id);
  const again = async () => {
    const { items } = await get("/webhooks");
    find("#none").hidden = items.length > 0;
    find("#endpoints").closest("table").hidden = items.length === 0;
    showRows(find("#endpoints"), items, (endpoint) => endpointRow(endpoint, stores, again));
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(find("button[type=submit]", form), () => save(again));
  });
  await again();
  keepFresh(again);
});
