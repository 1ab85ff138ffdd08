// What a page that shows orders needs of the types that openapi-typescript makes; compiled, never run.
import type { components, operations, paths } from "./bridge";

type Schemas = components["schemas"];
type Filter = NonNullable<operations["listOrders"]["parameters"]["query"]>;
type Page = operations["listOrders"]["responses"][200]["content"]["application/json"];
type Refusal = operations["saveOrderSettings"]["responses"][412]["content"]["application/problem+json"];
type SaveHeaders = operations["saveOrderSettings"]["parameters"]["header"];
type Csv = operations["exportOrders"]["responses"][200]["content"]["text/csv"];

export const filter: Filter = { status: ["Error", "Unshipped"], total_min: "12.30", sort: "-purchase_date" };
// @ts-expect-error There is no such status.
export const noStatus: Filter = { status: ["Eror"] };
// @ts-expect-error Money is no binary fraction.
export const noAmount: Filter = { total_min: 12.3 };
// @ts-expect-error A change says which version it is for.
export const noVersion: SaveHeaders = {};
export const version: SaveHeaders = { "If-Match": '"1"' };

// Every status, or this does not compile.
export const colours: Record<Schemas["OrderStatus"], "blue" | "yellow" | "orange"> = {
  Error: "orange",
  Pending: "yellow",
  PendingAvailability: "yellow",
  Unshipped: "yellow",
  PartiallyShipped: "yellow",
  Shipped: "blue",
  Completed: "blue",
  Canceled: "blue",
  Unfulfillable: "orange",
};

export function row(order: Page["items"][number]): string {
  const total: string = order.grand_total === null ? "" : `${order.grand_total.amount} ${order.grand_total.currency}`;
  const buyer: string = order.buyer_name ?? "";
  // @ts-expect-error There may be no Commerce order.
  const number: string = order.commerce_order.number;
  return [order.amazon_order_id, colours[order.status], buyer, total, number].join(" ");
}

export function told(problem: Refusal): string {
  const code: string = problem.code;
  return `${code}: ${problem.detail}`;
}

export const lines = (csv: Csv): string[] => csv.split("\r\n");
export type Cancel = NonNullable<paths["/api/v1/orders/{order_id}/cancel"]["post"]["requestBody"]>["content"]["application/json"];
export const cancel: Cancel = { reason: "NoInventory" };
