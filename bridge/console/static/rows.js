// A table body that is kept up to date row by row, so that focus, selection and reading place survive an update.

import { find } from "./dom.js";

/**
 * Show the items as rows; `make` gives an item's row, `id` its identity. Rows of unchanged items stay as they are, and
 * those that changed or are new since the last showing are marked for a moment.
 */
export function showRows(body, items, make, id = (item) => item.id) {
  const held = new Map([...body.children].map((tr) => [tr.dataset.id, tr]));
  const first = !body.dataset.shown;
  const wanted = items.map((item) => {
    const [name, text] = [String(id(item)), JSON.stringify(item)];
    const old = held.get(name);
    if (old && old.shown === text) return old;
    const tr = make(item);
    tr.dataset.id = name;
    tr.shown = text;
    if (!first) tr.classList.add("moved");
    if (old) takeOver(old, tr);
    return tr;
  });
  place(body, wanted);
  body.dataset.shown = "true";
}

/** Forget what was shown: the next rows are another list and not news. */
export function forgetRows(body) {
  delete body.dataset.shown;
}

/** Bring the body to these rows, moving as little as possible: a row that is moved loses the focus. */
function place(body, wanted) {
  const kept = new Set(wanted);
  for (const tr of [...body.children]) if (!kept.has(tr)) tr.remove();
  wanted.forEach((tr, index) => {
    if (body.children[index] !== tr) body.insertBefore(tr, body.children[index] ?? null);
  });
}

function takeOver(old, tr) {
  for (const box of old.querySelectorAll("input:checked")) {
    const same = find(`input[name="${box.name}"]`, tr);
    if (same && !same.disabled) same.checked = true;
  }
  const focused = old.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  old.replaceWith(tr);
  if (focused) find(`[data-key="${focused}"]`, tr)?.focus();
}
