// What the tabs of an order show.

import { get } from "./api.js";
import { cell, facts, h, money, number, outside, replace, row, status, table, when, words } from "./dom.js";
import { act } from "./shell.js";

const CHANGES = {
  cancel_amazon: "Cancel on Amazon", hold_commerce: "Hold in Commerce", cancel_commerce: "Cancel in Commerce",
  invoice_commerce: "Invoice in Commerce", complete_commerce: "Complete in Commerce",
};

const card = (title, ...children) => h("section", { class: "card" }, h("h2", {}, title), children);
const none = (text) => h("p", { class: "empty" }, text);

export function showOverview(element, order, store, change) {
  const commerce = order.commerce_order;
  replace(element, h("div", { class: "columns" },
    card("Amazon order", facts(
      ["Order number", order.amazon_order_id],
      ["Store", store && h("a", { href: `/console/stores/${store.id}`, "data-key": "store" }, store.name)],
      ["Purchase date", when(order.purchase_date)],
      ["Status at Amazon", words(order.amazon_status)],
      ["Last update at Amazon", when(order.last_update_date)],
      ["Who ships", order.channel === "FBA" ? "Amazon (FBA)" : "The merchant (FBM)"],
      ["Shipping service", order.service_level && words(order.service_level.toLowerCase())],
      ["Ship by", order.ship_by && [when(order.ship_by), order.overdue && h("strong", { class: "error" }, " Overdue")]],
      ["Deliver by", order.deliver_by && when(order.deliver_by)],
      ["Payment", order.payment_methods],
      ["Easy Ship", order.fulfillment_orders],
      ["Replaces", order.replaces],
      ["Tax", order.tax_collected_by_amazon && "Collected and remitted by Amazon"])),
    card("Commerce order", facts(
      ["Import", words(order.import_state)],
      ["Number", commerce && (outside(commerce.url, commerce.number ?? String(commerce.id)))],
      ["Status in Commerce", commerce?.status && (commerce.status === "holded" ? "On hold" : words(commerce.status))],
      ["Created in Commerce", order.imported_at && when(order.imported_at)],
      ["Import attempts", order.attempts ? number(order.attempts) : null],
      ["Next attempt", order.next_attempt_at && when(order.next_attempt_at)])),
    card("Buyer", facts(
      ["Name", order.buyer_name ?? (order.personal_data_deleted_at ? ["Deleted ", when(order.personal_data_deleted_at)] : "Not known yet")],
      ["E-mail", order.buyer_email],
      ["Company", order.buyer_company],
      ["Tax number", order.buyer_tax_id],
      ["Own order number", order.purchase_order_number],
      ["Asked to cancel", order.buyer_cancel_requested_at && when(order.buyer_cancel_requested_at)],
      ["Reason", order.buyer_cancel_reason])),
    card("Shipping address", order.personal_data_deleted_at
      ? none(["Deleted ", when(order.personal_data_deleted_at), ": it was no longer needed."]) : address(order.shipping_address),
      order.delivery_instructions && h("p", {}, `Delivery instructions: ${order.delivery_instructions}`),
      order.shipping_address_edited && h("p", { class: "faint" }, "Written here, in place of Amazon's."),
      change && h("div", { class: "actions" }, change))));
}

function address(held) {
  if (!held) return none("Amazon shows the address once the payment is verified.");
  return facts(
    ["Name", held.name],
    ["Company", held.company],
    ["Street", (held.lines ?? []).filter(Boolean).map((line) => h("div", {}, line))],
    ["City", held.city],
    ["County", held.county],
    ["State or region", held.region],
    ["Postal code", held.postcode],
    ["Country", held.country],
    ["Phone", held.phone]);
}

const PARTS = [
  ["item", "Items"], ["shipping", "Shipping"], ["gift_wrap", "Gift wrap"], ["cod_fee", "Cash on delivery"], ["other", "Other"],
];

/** Several exact figures in one cell, each with its name: no sum is made that the API has not made. */
function several(amounts, suffix) {
  const of = (amount) => ({ amount, currency: amounts.currency });
  const held = PARTS.filter(([name]) => Number(amounts[`${name}_${suffix}`] ?? 0) !== 0);
  if (!held.length) return money(of(amounts[`item_${suffix}`]));
  return held.map(([name, label]) => h("div", {}, held.length > 1 || name !== "item" ? h("span", { class: "faint" }, `${label} `) : "", money(of(amounts[`${name}_${suffix}`]))));
}

function lineRow(line) {
  const { amounts } = line;
  const of = (name) => (amounts ? money({ amount: amounts[name], currency: amounts.currency }) : "–");
  return row({},
    cell("Item", { class: "main" }, line.title,
      h("div", { class: "sub" }, line.sku && h("span", {}, `SKU ${line.sku}`), line.asin && h("span", {}, `ASIN ${line.asin}`)),
      line.commerce_sku && h("div", { class: "sub" }, `In Commerce: ${line.commerce_sku}`),
      line.gift_message && h("div", { class: "sub" }, `Gift message: ${line.gift_message}`),
      line.gift_wrap_level && h("div", { class: "sub" }, `Gift wrap: ${line.gift_wrap_level}`),
      line.shipping_needs && h("div", { class: "sub" }, `Needs: ${line.shipping_needs}`),
      line.promotions && h("div", { class: "sub" }, `Promotions: ${line.promotions}`),
      line.ioss_number && h("div", { class: "sub" }, `IOSS number: ${line.ioss_number}`),
      line.customized_url && h("div", { class: "sub" }, outside(line.customized_url, "Customization"))),
    cell("Ordered", { class: "number" }, number(line.quantity)),
    cell("Shipped", { class: "number" }, number(line.quantity_shipped)),
    cell("Price", { class: "number" }, of("item")),
    cell("Shipping", { class: "number" }, of("shipping")),
    cell("Tax", { class: "number" }, amounts ? several(amounts, "tax") : "–"),
    cell("Discount", { class: "number" }, amounts ? several(amounts, "discount") : "–"),
    cell("Total", { class: "number" }, of("total")));
}

export function showItems(element, order) {
  const { amounts } = order;
  const of = (name) => ({ amount: amounts[name], currency: amounts.currency });
  const head = [["Item", ""], ["Ordered", "number"], ["Shipped", "number"], ["Price", "number"], ["Shipping", "number"], ["Tax", "number"], ["Discount", "number"], ["Total", "number"]];
  const worth = (name) => amounts && Number(amounts[name]) !== 0; // an order that is not paid yet has none
  const lines = !amounts ? [] : PARTS.filter(([name]) => name === "item" || name === "shipping" || worth(name)).map(([name, label]) => [label, money(of(name))]);
  replace(element,
    card("Items", table("Items", head, order.lines.map(lineRow)), h("p", { class: "faint" }, "Amazon's own figures, net of tax.")),
    amounts && card("Amounts", facts(
      ...lines,
      ["Tax", several(amounts, "tax")],
      ["Discount", several(amounts, "discount")],
      worth("tip") ? ["Delivery tip", money(of("tip"))] : [],
      worth("points") ? ["Points granted, at your cost", money(of("points"))] : [],
      ["Total", h("strong", {}, money(of("total")))])));
}

export function showShipments(element, order) {
  const titles = new Map(order.lines.map((line) => [line.amazon_item_id, line.title]));
  const pieces = (items) => items.map((item) => h("div", {}, `${item.quantity} × ${titles.get(item.amazon_item_id) ?? item.amazon_item_id}`));
  const { items: shipments, amazon_packages: parcels } = order.shipments;
  replace(element,
    card("Shipments in Commerce", shipments.length ? table("Shipments in Commerce", [["Shipment", ""], ["Shipped", ""], ["Items", ""], ["Tracking", ""]], shipments.map((one) => row({},
      cell("Shipment", { class: "main" }, String(one.commerce_shipment_id)),
      cell("Shipped", {}, when(one.shipped_at)),
      cell("Items", {}, pieces(one.items)),
      cell("Tracking", {}, one.tracks.length ? one.tracks.map((track) => h("div", {}, `${track.title || track.carrier_code} ${track.number}`)) : "No tracking number")))) : none("Nothing has been shipped in Commerce.")),
    card("Parcels at Amazon", parcels.length ? table("Parcels at Amazon", [["Parcel", ""], ["Carrier", ""], ["Tracking number", ""], ["Status", ""], ["Items", ""]], parcels.map((one) => row({},
      cell("Parcel", { class: "main" }, one.reference),
      cell("Carrier", {}, one.carrier ?? "–"),
      cell("Tracking number", {}, one.tracking_number ?? "–"),
      cell("Status", {}, one.status ? words(one.status.toLowerCase()) : "–"),
      cell("Items", {}, pieces(one.items))))) : none("Amazon shows no parcel.")),
    order.outgoing.length > 0 && card("Outgoing changes", table("Outgoing changes", [["Change", ""], ["State", ""], ["Attempts", "number"], ["Next attempt", ""], ["Last failure", "wide"]], order.outgoing.map((one) => row({},
      cell("Change", { class: "main" }, `${CHANGES[one.kind] ?? words(one.kind)} ${one.reference}`),
      cell("State", {}, status(one.state)),
      cell("Attempts", { class: "number" }, number(one.attempts)),
      cell("Next attempt", {}, when(one.next_attempt_at)),
      cell("Last failure", { class: "wide" }, one.last_error ?? "–"))))));
}

let older = [];

export function showEvents(element, order) {
  const newest = new Set(order.events.map((event) => event.id));
  const all = [...order.events, ...older.filter((event) => !newest.has(event.id))];
  const rest = async (event) => act(event.currentTarget, async () => {
    older = await allEvents(order.id);
    showEvents(element, order);
  });
  replace(element, card("Timeline",
    all.length ? h("ol", { class: "timeline" }, all.map((event) => h("li", { "data-kind": event.kind },
      h("div", {}, event.message), h("div", { class: "sub" }, when(event.at), h("span", { class: "faint" }, words(event.kind)))))) : none("Nothing has happened yet."),
    older.length === 0 && order.events.length >= 10 && h("button", { type: "button", "data-key": "older", onclick: rest }, "Show everything that happened")));
}

async function allEvents(id) {
  const found = [];
  for (let page = 1, pages = 1; page <= pages; page += 1) {
    const answer = await get(`/orders/${id}/events`, { query: { page, page_size: 200 } });
    found.push(...answer.items);
    pages = answer.total_pages;
  }
  return found;
}
