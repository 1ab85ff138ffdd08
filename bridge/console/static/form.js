// Forms: the API's words stand at the field that they are about.

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

/** Fill a select with [value, label] pairs behind its first option; it keeps what was chosen. */
export function offer(select, pairs, wanted = select.value) {
  const first = select.options[0]?.value === "" ? [select.options[0]] : [];
  select.replaceChildren(...first, ...pairs.map(([value, label]) => new Option(label, value)));
  select.value = String(wanted ?? "");
  if (select.selectedIndex < 0) select.selectedIndex = 0;
}
