// What one webhook endpoint was sent, and how it went.

import { get, post } from "./api.js";
import { cell, find, h, row, status, when } from "./dom.js";
import { listing } from "./listing.js";
import { act, failed, keepFresh, start, tell } from "./shell.js";

const path = `/webhooks/${find("#main").dataset.webhook}`;

function resend(delivery, again) {
  return h("button", {
    type: "button", "data-key": "again", "aria-label": `Send ${delivery.event_id} once more`,
    onclick: (event) => act(event.currentTarget, async () => {
      await post(`${path}/deliveries/${delivery.id}/redeliver`);
      tell("It is being sent once more.");
      await again();
    }),
  }, "Send again");
}

start(async () => {
  const endpoint = await get(path);
  find("#address").textContent = endpoint.url;
  const deliveryRow = (delivery) => row({},
    cell("When", { class: "date" }, when(delivery.created_at)),
    cell("Event", { class: "main" }, delivery.type, h("div", { class: "sub" }, h("code", {}, delivery.event_id))),
    cell("Order", {}, delivery.order_id ? h("a", { href: `/console/orders/${delivery.order_id}` }, `Order ${delivery.order_id}`) : "–"),
    cell("State", {}, status(delivery.state)),
    cell("Tries", { class: "number" }, String(delivery.attempts)),
    cell("Answer", { class: "wide" }, delivery.last_error ?? (delivery.last_status ? `Taken (${delivery.last_status})` : "–")),
    cell("Next try", {}, when(delivery.next_attempt_at)),
    cell("Action", {}, resend(delivery, () => list.load())));
  const list = listing({ path: `${path}/deliveries`, row: deliveryRow, noun: ["delivery", "deliveries"] });
  find("#filter").addEventListener("change", (event) => list.go({ [event.target.name]: event.target.value }).catch(failed));
  find("#filter").addEventListener("submit", (event) => event.preventDefault());
  await list.anew();
  keepFresh(list.load);
});
