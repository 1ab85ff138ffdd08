// All orders: filter, chips, sort, pages and the import of many.

import { post } from "./api.js";
import { counted, find, findAll, h, replace, words } from "./dom.js";
import { offerStores } from "./form.js";
import { filtersOf, listing } from "./listing.js";
import { orderRow } from "./order_row.js";
import { act, failed, keepFresh, start, tell } from "./shell.js";

const form = find("#filter");
const NAMES = {
  store_id: "Store", status: "Status", order_number: "Order number", buyer_name: "Buyer", purchase_date_from: "From",
  purchase_date_to: "To", total_min: "Total from", total_max: "Total to", channel: "Who ships", import_state: "Import",
  blocker: "Blocker",
};

/** The page's days are the merchant's own; the API is told the moments at which they begin and end. */
function sent(parameters) {
  for (const [name, later] of [["purchase_date_from", 0], ["purchase_date_to", 1]]) {
    const [year, month, day] = (parameters.get(name) ?? "").split("-").map(Number);
    const moment = new Date(year, month - 1, day + later);
    if (/^\d{4}-\d\d-\d\d$/.test(parameters.get(name) ?? "") && !Number.isNaN(moment.getTime())) {
      parameters.set(name, new Date(moment.getTime() - later).toISOString());
    }
  }
  return parameters;
}

function label(name, value) {
  const control = form.elements[name];
  if (control?.tagName === "SELECT") return [...control.options].find((option) => option.value === value)?.text ?? value;
  return name === "status" ? words(value) : value;
}

function showChips(list) {
  const filters = filtersOf(list.parameters());
  const without = (name, value) => list.parameters().getAll(name).filter((other) => other !== value);
  const chips = filters.map(([name, value]) =>
    h("button", {
      type: "button", class: "chip", "data-key": `${name}=${value}`,
      "aria-label": `Remove the filter ${NAMES[name] ?? name}: ${label(name, value)}`,
      onclick: () => list.go({ [name]: without(name, value) }).catch(failed),
    }, `${NAMES[name] ?? name}: ${label(name, value)}`, h("span", { "aria-hidden": "true" }, " ×")));
  const box = find("#chips");
  box.hidden = filters.length === 0;
  replace(box, chips, h("button", { type: "button", class: "quiet", onclick: () => clear(list) }, "Clear all filters"));
}

function clear(list) {
  const names = new Set(filtersOf(list.parameters()).map(([name]) => name));
  return list.go(Object.fromEntries([...names].map((name) => [name, ""]))).catch(failed);
}

function chosen() {
  return findAll('input[name="pick"]:checked').map((box) => Number(box.value));
}

function showChosen() {
  const count = chosen().length;
  find("#import").disabled = count === 0;
  find("#chosen").textContent = count ? `${counted(count, "order")} selected` : "";
}

async function importChosen(list) {
  const { accepted, refused } = await post("/orders/import", { order_ids: chosen() });
  for (const box of findAll('input[name="pick"]:checked')) box.checked = false;
  const reasons = refused.length ? ` Refused: ${[...new Set(refused.map((one) => one.message))].join(" ")}` : "";
  tell(`${counted(accepted.length, "order")} will be imported now.${reasons}`, refused.length ? "warn" : "good");
  await list.load();
}

function bind(list) {
  const apply = find("button[type=submit]", form);
  apply.disabled = true;
  form.addEventListener("input", () => (apply.disabled = false));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const data = new FormData(form);
    const changes = Object.fromEntries(Object.keys(NAMES).map((name) => [name, data.getAll(name).map((value) => value.trim())]));
    list.go(changes).catch(failed);
  });
  find("#clear").addEventListener("click", () => clear(list));
  find("#listing").addEventListener("followed", () => {
    apply.disabled = true;
    find("#sort").value = list.parameters().get("sort") ?? "-purchase_date";
    showChips(list);
    sessionStorage.setItem("bridge-orders", location.search); // where an order's page leads back to
  });
  find("#sort").addEventListener("change", (event) => list.go({ sort: event.target.value }).catch(failed));
  find("#listing").addEventListener("change", showChosen);
  find("#import").addEventListener("click", (event) => act(event.currentTarget, () => importChosen(list)).then(showChosen));
}

start(async () => {
  if (matchMedia("(max-width: 78rem)").matches) find("#filter-card").open = false;
  const list = listing({ path: "/orders", row: (order) => orderRow(order, { pick: true }), noun: "order", sent, shown: showChosen });
  bind(list);
  list.follow();
  await Promise.all([offerStores(form.elements.store_id).then(() => showChips(list)), list.anew()]);
  keepFresh(list.load);
});
