// How a store does.

import { get, post } from "./api.js";
import { revenueChart, revenueTable } from "./chart.js";
import { counted, find, h, money, number, outside, replace, status, when } from "./dom.js";
import { orderRow } from "./order_row.js";
import { showRows } from "./rows.js";
import { act, failed, keepFresh, showStore, start, tell } from "./shell.js";

const id = find("#main").dataset.store;
const days = find("#days");
let drawn = "";

function show(board) {
  find("#lifetime").textContent = money(board.lifetime_sales);
  find("#revenue").textContent = money(board.revenue);
  find("#revenue-name").textContent = `Revenue, last ${board.days} days`;
  const change = board.change_percent;
  replace(find("#change"), change === null
    ? h("span", { class: "faint" }, "Nothing to compare with")
    : h("span", { class: change.startsWith("-") ? "down" : "up" },
      `${change.startsWith("-") ? "▼" : "▲"} ${change.replace("-", "")} %`));
  draw(board);
  replace(find("#counts"), board.orders_by_status.map(({ status: code, count }) =>
    h("li", {}, h("a", { href: `/console/orders?store_id=${id}&status=${code}`, "data-key": code }, status(code)), h("span", { class: "count" }, number(count)))));
  showOverdue(board.overdue_count, board.overdue_orders);
  showRows(find("#recent"), board.recent_orders, orderRow);
  find("#recent-none").hidden = board.recent_orders.length > 0;
  find("#recent").closest("table").hidden = board.recent_orders.length === 0;
  showLinks(board);
}

function showOverdue(count, orders) {
  find("#overdue").hidden = count === 0;
  find("#overdue-title").textContent = `Overdue: ${counted(count, "order")}`;
  replace(find("#overdue-orders"), orders.map((order) =>
    h("li", {}, h("a", { href: `/console/orders/${order.id}`, "data-key": `overdue-${order.id}` }, order.amazon_order_id), when(order.ship_by))));
}

function draw(board) {
  const shown = JSON.stringify(board.revenue_by_day);
  if (shown === drawn) return;
  drawn = shown;
  const title = `Revenue of the last ${board.days} days by day (UTC), ${money(board.revenue)} in all`;
  replace(find("#chart"), revenueChart(board.revenue_by_day, title));
  replace(find("#chart-table"), revenueTable(board.revenue_by_day));
}

function showLinks({ store, seller_central_links: links }) {
  showActive(store.active);
  if (find("#central").children.length) return;
  showStore(store);
  replace(find("#central"), links.map(({ label, url }) => h("li", {}, outside(url, label))));
}

function showActive(active) {
  const button = find("#activate");
  button.textContent = active ? "Deactivate the store" : "Activate the store";
  button.dataset.verb = active ? "deactivate" : "activate";
}

async function verify() {
  replace(find("#checks"));
  const { checks } = await post(`/stores/${id}/verify`);
  replace(find("#checks"), checks.map((check) =>
    h("li", {}, status(check.ok ? "succeeded" : "failed", check.name), " ", check.message)));
}

function bind(again) {
  days.addEventListener("change", () => {
    history.replaceState(null, "", `?days=${days.value}`);
    again();
  });
  find("#sync").addEventListener("click", (event) => act(event.currentTarget, async () => {
    const run = await post(`/stores/${id}/sync`);
    tell(`Run ${run.id} reads Amazon's changes.`);
    await again();
  }));
  find("#verify").addEventListener("click", (event) => act(event.currentTarget, verify));
  find("#activate").addEventListener("click", (event) => act(event.currentTarget, async () => {
    const store = await post(`/stores/${id}/${event.target.dataset.verb}`);
    showActive(store.active);
    showStore(store);
    tell(store.active ? "The jobs work for this store." : "The jobs leave this store alone.");
  }));
}

start(async () => {
  if (new URLSearchParams(location.search).get("days") === "7") days.value = "7";
  const load = async () => show(await get(`/stores/${id}/dashboard`, { query: { days: days.value } }));
  try {
    await load();
    find("#board").hidden = false;
    bind(keepFresh(load));
  } catch (error) {
    if (error.status === 401) failed(error);
    find("#failure").hidden = false;
    find("#failure").textContent = error.message;
  } finally {
    find("#loading").hidden = true;
  }
});
