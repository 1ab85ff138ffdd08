// A merchant's morning with the client that hey-api makes: node merchant.js <address> <key> <store id>.
// Prints what it saw as JSON.
import { client } from "./bridge-fetch/client.gen";
import {
  cancelOrder, getOrder, getOrderSettings, importOrder, listOrders, previewOrder, saveOrderSettings,
} from "./bridge-fetch/sdk.gen";
import type { ImportState, Money, Order, OrderStatus, Problem } from "./bridge-fetch/types.gen";

declare const process: { argv: string[] };
const [address = "", key = "", store = ""] = process.argv.slice(2);
client.setConfig({ baseUrl: address, auth: () => key });

function good<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

async function first(status: OrderStatus, import_state: ImportState): Promise<Order> {
  const page = good(await listOrders({ query: { status: [status], import_state, sort: "-purchase_date" } }));
  const order = page.items[0];
  if (order === undefined) throw new Error(`no order is ${status}`);
  return order;
}

async function morning(): Promise<void> {
  const path = { store_id: Number(store) };
  const before = await getOrderSettings({ path });
  const headers = { "If-Match": before.response?.headers.get("ETag") ?? "" };
  const body = { order_status: "custom", processing_status: "amazon_new" } as const;
  const after = good(await saveOrderSettings({ path, headers, body }));
  const stale = await saveOrderSettings({ path, headers, body });
  const refused: Problem | undefined = stale.error;

  const blocked = await first("Error", "blocked");
  const preview = good(await previewOrder({ path: { order_id: blocked.id } }));
  const run = good(await importOrder({ path: { order_id: blocked.id } }));
  const unshipped = await first("Unshipped", "imported");
  const total: Money | null = unshipped.grand_total;
  await cancelOrder({ path: { order_id: unshipped.id }, body: { reason: "NoInventory" } });
  const again = await cancelOrder({ path: { order_id: unshipped.id }, body: { reason: "NoInventory" } });
  const order = good(await getOrder({ path: { order_id: unshipped.id } }));

  console.log(
    JSON.stringify({
      saved: [good(before).processing_status, after.processing_status],
      stale: [stale.response?.status, refused?.code],
      blocked: [blocked.amazon_order_id, preview.can_be_created, preview.blockers.map((blocker) => blocker.code)],
      run: [run.job, run.state],
      cancelled: [order.amazon_order_id, total?.amount, again.error?.code, order.outgoing.map((change) => change.kind)],
    }),
  );
}

void morning();
