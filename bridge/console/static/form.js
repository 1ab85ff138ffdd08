// Forms: the API's words stand at the field that they are about.

import { storesById } from "./api.js";
import { find, findAll } from "./dom.js";

/** Put each error of a 422 at its field; answers those that belong to no field of the form. */
export function showErrors(form, problem) {
  clearErrors(form);
  const elsewhere = [];
  for (const { field, message } of problem.errors) {
    const name = field?.split(".", 1)[0];
    const place = name && find(`#${CSS.escape(name)}-error`, form);
    if (!place) {
      elsewhere.push(field ? `${field}: ${message}` : message);
      continue;
    }
    place.textContent = [place.textContent, message].filter(Boolean).join(" ");
    find(`#${CSS.escape(name)}`, form)?.setAttribute("aria-invalid", "true");
  }
  find('[aria-invalid="true"]', form)?.focus();
  return elsewhere;
}

export function clearErrors(form) {
  for (const place of findAll(".error", form)) place.textContent = "";
  for (const control of findAll("[aria-invalid]", form)) control.removeAttribute("aria-invalid");
}

/** Have the select offer every store that the key may see, behind its first option; it keeps what was chosen. Answers the stores by id. */
export async function offerStores(select) {
  const stores = await storesById();
  const chosen = select.value;
  const first = select.options[0]?.value === "" ? [select.options[0]] : [];
  select.replaceChildren(...first, ...[...stores.values()].map((store) => new Option(store.name, store.id)));
  select.value = chosen;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
  return stores;
}
