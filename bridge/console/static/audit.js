// Who changed what, and who read buyers' data.

import { cell, find, h, row, when, words } from "./dom.js";
import { offerStores } from "./form.js";
import { listing } from "./listing.js";
import { failed, keepFresh, start } from "./shell.js";

const ACTORS = { api_key: "API key", cli: "Command line", job: "Job", bridge: "The bridge itself" };

/** "order_settings.changed" as "Order settings changed". */
const done = (action) => words(action.replace(".", " "));

/** One change: "invoice: at_completion → at_import"; what is secret or personal is only named. */
function change({ field, before, after, withheld }) {
  const shown = (value) => (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? when(value) : String(value ?? "nothing"));
  const both = before === null || before === undefined ? [shown(after)] : [shown(before), " → ", shown(after)];
  return h("div", {}, `${words(field)}: `, withheld ? "not shown" : both);
}

start(async () => {
  let stores = new Map();
  const eventRow = (event) => row({},
    cell("When", { class: "date" }, when(event.at)),
    cell("Who", { class: "main" }, event.actor, h("div", { class: "sub" }, ACTORS[event.actor_kind] ?? words(event.actor_kind))),
    cell("What", {}, done(event.action)),
    cell("Object", {}, h("code", {}, event.object_id)),
    cell("Store", {}, event.store_id ? (stores.get(event.store_id)?.name ?? event.store_id) : "–"),
    cell("Change", { class: "wide" }, event.changes.length ? event.changes.map(change) : "–"),
    cell("Request id", {}, event.request_id ? h("code", {}, event.request_id) : "–"));
  const list = listing({ path: "/audit-events", row: eventRow, noun: "event" });
  find("#filter").addEventListener("change", (event) => list.go({ [event.target.name]: event.target.value.trim() }).catch(failed));
  find("#filter").addEventListener("submit", (event) => event.preventDefault());
  stores = await offerStores(find("#filter").elements.store_id);
  await list.anew();
  keepFresh(list.load);
});
