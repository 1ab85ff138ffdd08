// An order as a row of a table.

import { cell, h, money, outside, row, status, when } from "./dom.js";

export const IMPORTABLE = ["blocked", "view_only"];

/** The order's page on the other side: in Commerce when there is one, else in Seller Central. */
export function ownLink(order) {
  if (!order.order_url) return null;
  const commerce = order.order_url === order.commerce_order?.url;
  return outside(order.order_url, commerce ? `Commerce ${order.commerce_order.number ?? order.commerce_order.id}` : "Seller Central");
}

/** `pick`: with the box that chooses the order for an import. */
export function orderRow(order, { pick = false } = {}) {
  const importable = IMPORTABLE.includes(order.import_state);
  const box = importable && h("input", {
    type: "checkbox", name: "pick", value: order.id, "data-key": "pick", "aria-label": `Import order ${order.amazon_order_id}`,
  });
  const note = order.blockers.length ? order.blockers.map((blocker) => h("div", {}, blocker.message)) : order.order_note;
  return row({ class: order.blockers.length ? "blocked" : null },
    pick && cell("Import", { class: importable ? "pick" : "pick none" }, box),
    cell("Purchase date", { class: "date" }, when(order.purchase_date)),
    cell("Order number", { class: "main" },
      h("a", { href: `/console/orders/${order.id}`, "data-key": "order" }, order.amazon_order_id),
      h("div", { class: "sub" }, h("span", { class: "tag" }, order.channel),
        order.programs.map((program) => h("span", { class: "tag" }, program)), ownLink(order))),
    cell("Status", {}, status(order.status),
      order.import_state === "view_only" && h("div", { class: "sub" }, "View only")),
    cell("Buyer's name", {}, order.buyer_name ?? "–"),
    cell("Total", { class: "number" }, order.grand_total ? money(order.grand_total) : "–"),
    cell("Order note", { class: "wide" }, note));
}
