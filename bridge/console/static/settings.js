// A form of settings: what is read is what is edited, and nobody's change is overwritten unseen.

import { ask, get } from "./api.js";
import { find, findAll, h } from "./dom.js";
import { clearErrors, showErrors } from "./form.js";
import { act, failed, showStore, start, tell } from "./shell.js";

const form = find("#settings");
const fields = find("fieldset", form);
const submit = find("button[type=submit]", form);
const path = form.dataset.path;
let version = null;
let read = {};

const controls = () => [...fields.elements].filter((control) => control.name);

function valueOf(control) {
  if (control.type === "checkbox") return control.checked;
  if (control.type === "number" && control.value) return Number(control.value);
  return control.value.trim() || null;
}

function show(values) {
  read = values;
  for (const control of controls()) {
    if (control.type === "checkbox") control.checked = values[control.name];
    else control.value = values[control.name] ?? "";
  }
  settle();
}

/** Fields that mean nothing now cannot be edited; the button works once something has changed. */
function settle() {
  const off = form.elements.import_orders?.value === "disabled";
  for (const field of findAll(".field", fields)) {
    const control = find("select, input", field);
    const [name, value] = (field.dataset.needs ?? "").split("=");
    const idle = Boolean(name) && form.elements[name].value !== value;
    control.disabled = control.name !== "import_orders" && (off || idle);
    field.classList.toggle("off", control.disabled);
  }
  submit.disabled = Object.keys(changes()).length === 0;
}

/** What the merchant has changed. While import is disabled nothing else can, and nothing else is sent. */
function changes() {
  const editable = controls().filter((control) => !control.disabled);
  const changed = editable.filter((control) => valueOf(control) !== (read[control.name] ?? null));
  return Object.fromEntries(changed.map((control) => [control.name, valueOf(control)]));
}

async function load() {
  const answer = await ask("GET", path);
  version = answer.etag;
  clearErrors(form);
  show(answer.data);
  find(".loading", form)?.remove();
  fields.disabled = false;
}

async function save() {
  clearErrors(form);
  try {
    const answer = await ask("PUT", path, { body: changes(), etag: version });
    version = answer.etag;
    show(answer.data);
    tell("Saved.");
  } catch (error) {
    if (error.status === 422) {
      const elsewhere = showErrors(form, error);
      tell(elsewhere.length ? elsewhere.join(" ") : "Not saved: see the marked fields.", "bad");
    } else if (error.status === 412) {
      const again = h("button", { type: "button", onclick: () => load().then(() => tell("These are the settings as they are now."), failed) }, "Load them as they are now");
      tell("Not saved: somebody else has changed these settings since you opened them. What you typed is still here.", "bad", again);
    } else {
      throw error;
    }
  }
}

start(async () => {
  const store = find("#main").dataset.store;
  if (store) showStore(await get(`/stores/${store}`));
  await load();
  form.addEventListener("input", settle);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (Object.keys(changes()).length) act(submit, save).then(settle);
  });
});
