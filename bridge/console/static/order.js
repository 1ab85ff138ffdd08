// One order: its head, what keeps it out of Commerce, what can be done, and its tabs.

import { get, post, storesById } from "./api.js";
import { find, h, money, outside, replace, status, when } from "./dom.js";
import { addressButton, cancelButton, cancellation } from "./order_changes.js";
import { IMPORTABLE, ownLink } from "./order_row.js";
import { showEvents, showItems, showOverview, showShipments } from "./order_parts.js";
import { showPreview } from "./preview.js";
import { act, failed, keepFresh, start, tell } from "./shell.js";
import { bindTabs } from "./tabs.js";

const id = find("#main").dataset.order;
const shown = new Map();
let again = async () => {};
let order;

/** Show a part anew only when what it is made of has changed, so that nobody is interrupted. */
function part(element, held, make) {
  const text = JSON.stringify(held);
  if (shown.get(element) === text) return;
  shown.set(element, text);
  make(find(element));
}

function showTitle(element) {
  replace(element,
    h("h1", {}, `Order ${order.amazon_order_id}`),
    h("p", { class: "band" }, status(order.status),
      order.import_state === "view_only" && h("span", { class: "tag" }, "View only"),
      ["pending", "sent"].includes(cancellation(order)?.state) && h("span", { class: "tag" }, "Cancellation requested"),
      h("span", {}, when(order.purchase_date)),
      order.grand_total && h("strong", {}, money(order.grand_total)),
      h("span", { class: "tag" }, order.channel),
      order.programs.map((program) => h("span", { class: "tag" }, program))),
    h("p", { class: "faint" }, order.order_note));
}

const VERBS = { blocked: "Retry import", view_only: "Import into Commerce", ready: "Import now" };

function showActions(element) {
  const verb = VERBS[order.import_state];
  const importNow = (event) => act(event.currentTarget, async () => {
    await post(`/orders/${id}/import`);
    tell("The import of this order has started.");
    await again();
  });
  const held = order.seller_central_url && order.seller_central_url !== order.order_url;
  replace(element,
    verb && h("button", { type: "button", class: IMPORTABLE.includes(order.import_state) ? "main" : null, "data-key": "import", onclick: importNow }, verb),
    cancelButton(order, () => again()),
    ownLink(order),
    held && outside(order.seller_central_url, "Seller Central"));
}

const note = (kind, title, ...more) => h("div", { class: `notice ${kind}` }, h("div", {}, h("p", {}, h("strong", {}, title)), more));

const confirmAgain = (event) => act(event.currentTarget, async () => {
  await post(`/orders/${id}/confirm`);
  tell("The shipments of this order are confirmed to Amazon again.");
  await again();
});

/** What stands against this order or waits for the merchant, each with what mends it. */
function showNotes(element, store) {
  const asked = cancellation(order);
  const wished = order.buyer_cancel_requested_at && order.status !== "Canceled" && order.status !== "Completed" && !["sent", "pending"].includes(asked?.state);
  const notes = [
    wished && note("warn", "The buyer asks to cancel this order.",
      h("p", {}, order.buyer_cancel_reason ? `Reason: ${order.buyer_cancel_reason}. ` : "", "Cancel it, or ship it all the same.")),
    asked?.state === "refused" && order.status !== "Canceled" && note("bad", "Amazon has refused to cancel this order.", asked.last_error && h("p", {}, asked.last_error)),
    ...order.outgoing.filter((one) => one.kind === "confirm_shipment" && one.state === "refused").map((one) =>
      note("bad", "Amazon has refused the confirmation of a shipment.", one.last_error && h("p", {}, one.last_error),
        h("p", { class: "links" }, h("button", { type: "button", "data-key": `confirm ${one.reference}`, onclick: confirmAgain }, "Confirm again"),
          h("a", { href: `/console/stores/${order.store_id}/carriers` }, "Carriers")))),
    ...order.blockers.map((blocker) => note("bad", blocker.message,
      h("p", {}, blocker.fix), h("p", { class: "links" }, placeOf(blocker, store)))),
  ].filter(Boolean);
  element.hidden = notes.length === 0;
  replace(element, notes);
}

/** Where a blocker is mended: a page of ours, or one of the shop's. */
function placeOf(blocker, store) {
  const line = order.lines.find((one) => one.amazon_item_id === blocker.amazon_item_id);
  const admin = store?.commerce_admin_url?.replace(/\/$/, "");
  const shop = admin && outside(`${admin}/catalog/product/`, "Products in Commerce");
  const named = line?.sku ? { seller_sku: line.sku } : { asin: line?.asin ?? "" };
  const match = h("a", { href: `/console/stores/${order.store_id}/product-matches?${new URLSearchParams(named)}`, "data-key": `match ${blocker.amazon_item_id}` }, "Match the listing to a product");
  const places = {
    product: [shop, match],
    product_match: [match, shop],
    address: [addressButton(order, () => again()), outside(order.seller_central_url, "The order in Seller Central")],
    store: [h("a", { href: `/console/stores/${order.store_id}` }, "The store")],
    order: [ownLink(order)],
  };
  return places[blocker.where].filter(Boolean);
}

function show(stores) {
  const store = stores.get(order.store_id);
  const changed = [order.status, order.import_state, order.amazon_status, cancellation(order)];
  const { events, shipments, outgoing, lines, amounts, ...rest } = order;
  part("#title", [changed, order.order_note, order.grand_total], showTitle);
  part("#actions", [changed, order.order_url, order.commerce_order], showActions);
  part("#blockers", [changed, order.blockers, outgoing, order.buyer_cancel_requested_at], (element) => showNotes(element, store));
  part("#overview", { ...rest, updated_at: null }, (element) => showOverview(element, order, store, addressButton(order, () => again())));
  part("#items", [lines, amounts], (element) => showItems(element, order));
  part("#shipments", [shipments, outgoing], (element) => showShipments(element, order));
  part("#events", events, (element) => showEvents(element, order));
  document.title = `Order ${order.amazon_order_id} · Amazon order bridge`;
}

start(async () => {
  find("#back").href += sessionStorage.getItem("bridge-orders") ?? "";
  try {
    const stores = await storesById();
    const load = async () => {
      order = await get(`/orders/${id}`);
      show(stores);
    };
    await load();
    find("#order").hidden = false;
    bindTabs((panel) => {
      if (panel === "preview") showPreview(find("#preview"), id, order).catch(failed);
    });
    again = keepFresh(load);
  } catch (error) {
    if (error.status === 401) failed(error);
    find("#failure").hidden = false;
    find("#failure").textContent = error.message;
  } finally {
    find("#loading").hidden = true;
  }
});
