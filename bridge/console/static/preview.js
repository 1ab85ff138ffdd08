// The Commerce order that an import would create, beside Amazon's figures.

import { get } from "./api.js";
import { cell, facts, h, money, number, replace, row, status, table } from "./dom.js";

export async function showPreview(element, id, order) {
  replace(element, h("p", { class: "loading" }, "Asking Commerce …"));
  let seen;
  try {
    seen = await get(`/orders/${id}/preview`);
  } catch (error) {
    const again = h("button", { type: "button", onclick: () => showPreview(element, id, order) }, "Try again");
    replace(element, h("div", { class: "notice bad" }, h("p", {}, error.message), again));
    if (error.status === 401) throw error;
    return;
  }
  replace(element,
    h("section", { class: "card" },
      h("div", { class: "page-head" },
        h("h2", {}, order.commerce_order ? "The Commerce order, made anew" : "The Commerce order to come"),
        h("button", { type: "button", onclick: () => showPreview(element, id, order) }, "Ask again")),
      verdict(seen, order), lines(seen, order), totals(seen), request(seen)));
}

function verdict(seen, order) {
  if (order.commerce_order) return h("p", { class: "faint" }, "This order is in Commerce already. These are the figures that it would be created with.");
  if (seen.can_be_created) {
    const called = seen.order_number ? `It gets the number ${seen.order_number}.` : "It gets Commerce's next number.";
    return h("p", {}, status("succeeded", "Nothing stands against it."), " ", called, " Nothing has been written.");
  }
  if (!seen.blockers.length) return h("p", {}, "It cannot be created yet.");
  return seen.blockers.map((blocker) => h("div", { class: "notice bad" }, h("div", {}, h("p", {}, h("strong", {}, blocker.message)), h("p", {}, blocker.fix))));
}

/** Commerce's figure above Amazon's, with a word on whether they are the same. */
function pair(ours, theirs, currency) {
  const same = theirs === undefined || ours === theirs;
  return [
    h("div", {}, money({ amount: ours, currency })),
    theirs !== undefined && h("div", { class: same ? "faint" : "down" }, `${same ? "= " : "≠ "}${money({ amount: theirs, currency })}`),
  ];
}

function lines(seen, order) {
  if (!seen.lines.length) return null;
  const amazon = new Map(order.lines.map((line) => [line.amazon_item_id, line]));
  const head = [["Commerce line", ""], ["Amazon line", ""], ["Quantity", "number"], ["Unit price", "number"], ["Row total", "number"], ["Tax", "number"], ["Discount", "number"]];
  return [
    table("Line by line", head, seen.lines.map((line) => {
      const theirs = amazon.get(line.amazon_item_id);
      const amounts = theirs?.amounts;
      return row({},
        cell("Commerce line", { class: "main" }, line.name, h("div", { class: "sub" }, `SKU ${line.sku}`)),
        cell("Amazon line", {}, theirs ? [theirs.title, h("div", { class: "sub" }, theirs.sku ? `SKU ${theirs.sku}` : `ASIN ${theirs.asin}`, ` × ${theirs.quantity}`)] : "A charge of the whole order"),
        cell("Quantity", { class: "number" }, number(line.qty)),
        cell("Unit price", { class: "number" }, line.unit_price),
        cell("Row total", { class: "number" }, pair(line.row_total, amounts?.item, seen.currency)),
        cell("Tax", { class: "number" }, pair(line.tax, amounts?.item_tax, seen.currency)),
        cell("Discount", { class: "number" }, pair(line.discount, amounts?.item_discount, seen.currency)));
    })),
    h("p", { class: "faint" }, "Each figure of Commerce stands above Amazon's; = where they are the same to the cent."),
  ];
}

function totals(seen) {
  if (seen.grand_total === null) return null;
  const of = (amount) => money({ amount, currency: seen.currency });
  const same = seen.grand_total === seen.amazon_total;
  return facts(
    ["Subtotal", of(seen.subtotal)], ["Shipping", of(seen.shipping)], ["Tax", of(seen.tax)], ["Discount", of(seen.discount)],
    ["Grand total in Commerce", h("strong", {}, of(seen.grand_total))],
    ["Total at Amazon", [h("strong", {}, of(seen.amazon_total)), " ", status(same ? "succeeded" : "failed", same ? "The same to the cent" : "Not the same")]]);
}

function request(seen) {
  if (!seen.commerce_request) return null;
  return h("details", {}, h("summary", {}, "The request to Commerce"), h("pre", { tabindex: "0" }, JSON.stringify(seen.commerce_request, null, 2)));
}
