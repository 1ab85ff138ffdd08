// Failed calls to Amazon and Commerce.

import { cell, find, h, row, when, words } from "./dom.js";
import { offerStores } from "./form.js";
import { listing } from "./listing.js";
import { failed, keepFresh, start } from "./shell.js";

start(async () => {
  let stores = new Map();
  const errorRow = (error) => row({},
    cell("When", { class: "date" }, when(error.at)),
    cell("Side", { class: "main" }, words(error.system)),
    cell("Store", {}, error.store_id ? (stores.get(error.store_id)?.name ?? error.store_id) : "–"),
    cell("Asked", {}, h("code", {}, error.operation)),
    cell("Status", {}, error.status ?? "No answer", error.code && h("div", { class: "sub" }, error.code)),
    cell("Message", { class: "wide" }, error.message),
    cell("Request id", {}, error.request_id ? h("code", {}, error.request_id) : "–"));
  const list = listing({ path: "/communication-errors", row: errorRow, noun: "failed call" });
  find("#filter").addEventListener("change", (event) => list.go({ [event.target.name]: event.target.value }).catch(failed));
  find("#filter").addEventListener("submit", (event) => event.preventDefault());
  stores = await offerStores(find("#filter").elements.store_id);
  await list.anew();
  keepFresh(list.load);
});
