// All stores.

import { cell, h, outside, row, status, when } from "./dom.js";
import { listing } from "./listing.js";
import { keepFresh, start } from "./shell.js";

function storeRow(store) {
  const page = `/console/stores/${store.id}`;
  return row({},
    cell("Store", { class: "main" }, h("a", { href: page, "data-key": "store" }, store.name)),
    cell("Status", {}, status(store.active ? "active" : "inactive")),
    cell("Marketplace", {}, `${store.marketplace.country} (${store.marketplace.code})`),
    cell("Commerce website", {}, store.website_code, h("br"), outside(store.commerce_url, store.commerce_url)),
    cell("Connected", { class: "date" }, when(store.integration_time)),
    cell("Last changed", { class: "date" }, when(store.updated_at)),
    cell("Go to", { class: "links" },
      h("a", { href: `/console/orders?store_id=${store.id}` }, "Orders"), " ",
      h("a", { href: `${page}/order-settings` }, "Order settings"), " ",
      h("a", { href: `${page}/product-matches` }, "Product matches"), " ",
      h("a", { href: `${page}/carriers` }, "Carriers")));
}

start(async () => {
  const list = listing({ path: "/stores", row: storeRow, noun: "store" });
  await list.anew();
  keepFresh(list.load);
});
