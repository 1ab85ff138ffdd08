// Which Commerce product stands for which Amazon listing.

import { ask, get, post } from "./api.js";
import { cell, find, h, number, row, when } from "./dom.js";
import { clearErrors, showErrors } from "./form.js";
import { listing } from "./listing.js";
import { act, failed, showStore, start, tell } from "./shell.js";

const path = `/stores/${find("#main").dataset.store}/product-matches`;
const form = find("#add");
const listed = (match) => (match.seller_sku ? `SKU ${match.seller_sku}` : `ASIN ${match.asin}`);

/** Only the field by which the listing is named can be filled. */
function chooseName() {
  for (const name of ["seller_sku", "asin"]) {
    const mine = find("#by").value === name;
    form.elements[name].disabled = !mine;
    form.elements[name].closest(".field").hidden = !mine;
  }
}

async function save(list) {
  const by = find("#by").value;
  clearErrors(form);
  const body = {
    [by]: form.elements[by].value.trim(),
    commerce_sku: form.elements.commerce_sku.value.trim(),
    quantity: Number(form.elements.quantity.value),
  };
  try {
    const match = await post(path, body);
    form.reset();
    chooseName();
    tell(`${listed(match)} now stands for ${match.commerce_sku}.`);
    await list.load();
  } catch (error) {
    if (error.status !== 422) throw error;
    const elsewhere = showErrors(form, error);
    if (elsewhere.length) tell(elsewhere.join(" "), "bad");
  }
}

/** Ask first; a dialog that is left with Escape keeps the match. */
function remove(match, list) {
  const dialog = find("#confirm");
  const [confirm, keep] = dialog.querySelectorAll("button");
  find("#confirm-what").textContent = `${listed(match)} stands for ${match.commerce_sku}.`;
  keep.onclick = () => dialog.close();
  confirm.onclick = () => act(confirm, async () => {
    await ask("DELETE", `${path}/${match.id}`);
    dialog.close();
    tell(`The match of ${listed(match)} is deleted.`);
    await list.load();
  }).finally(() => dialog.close());
  dialog.showModal();
  keep.focus();
}

start(async () => {
  showStore(await get(`/stores/${find("#main").dataset.store}`));
  const matchRow = (match) => row({},
    cell("Amazon listing", { class: "main" }, listed(match)),
    cell("Commerce SKU", {}, match.commerce_sku),
    cell("Pieces per unit", { class: "number" }, number(match.quantity)),
    cell("Saved", {}, when(match.created_at)),
    cell("Action", {}, h("button", { type: "button", "aria-label": `Delete the match of ${listed(match)}`, onclick: () => remove(match, list) }, "Delete")));
  const wanted = new URLSearchParams(location.search);
  const list = listing({ path, row: matchRow, noun: ["match", "matches"], sent: paging });
  for (const by of ["seller_sku", "asin"]) {
    if (!wanted.get(by)) continue;
    find("#by").value = by;
    form.elements[by].value = wanted.get(by);
    form.elements.commerce_sku.focus();
  }
  chooseName();
  find("#by").addEventListener("change", chooseName);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(find("button[type=submit]", form), () => save(list));
  });
  await list.anew().catch(failed);
});

/** The listing that the form is opened with also stands in the address, and is nothing for the API. */
function paging(parameters) {
  for (const name of ["seller_sku", "asin"]) parameters.delete(name);
  return parameters;
}
