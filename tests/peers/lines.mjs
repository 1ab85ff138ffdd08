// The loop of lines.py for the clients that run on Node: the same questions, the same answers.
import { createInterface } from 'node:readline';

export async function answerLines(connect, told) {
  // What a client prints must not get between the answers.
  console.log = console.info = console.dir = console.error;
  let reader;
  for await (const line of createInterface({ input: process.stdin })) {
    const ask = JSON.parse(line);
    let reply;
    try {
      let answer = null;
      if (ask.do === 'open') reader = connect(ask.amazon, ask.credentials);
      else if (ask.do === 'search') answer = await reader.search(ask.query);
      else answer = await reader.get(ask.order_id, ask.included);
      reply = { answer };
    } catch (error) {
      reply = { raised: [error.constructor.name, ...told(error)] };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}

export function page(answer) {
  return { orders: answer.orders?.map(seen) ?? null, next: answer.pagination?.nextToken ?? null };
}

export function seen(order) {
  return {
    id: order.orderId,
    status: order.fulfillment.fulfillmentStatus,
    buyer: order.buyer?.buyerName ?? null,
    total: order.proceeds?.grandTotal?.amount ?? null,
    lines: order.orderItems.map((item) => [
      item.product.sellerSku ?? null,
      item.quantityOrdered,
      item.product.price?.unitPrice?.amount ?? null,
    ]),
  };
}
