// amazon-sp-api speaks HTTPS to Amazon's own hosts and nowhere else; the agent that it takes (for proxies) leads it to
// the sandbox: one plain connection, and the sandbox's prefix before each path.
import { createRequire } from 'node:module';
import { connect as openSocket } from 'node:net';
import { Agent } from 'node:https';
import { answerLines, page, seen } from './lines.mjs';

const require = createRequire(import.meta.url); // unlike import, it looks in NODE_PATH
const SellingPartner = require('amazon-sp-api');

class Detour extends Agent {
  constructor(amazon) {
    super();
    this.amazon = new URL(amazon);
  }

  addRequest(request, ...rest) {
    request.path = this.amazon.pathname + request.path;
    return super.addRequest(request, ...rest);
  }

  createConnection() {
    return openSocket(Number(this.amazon.port), this.amazon.hostname);
  }
}

function connect(amazon, { client_id, client_secret, refresh_token }) {
  const client = new SellingPartner({
    region: 'na',
    refresh_token,
    endpoints_versions: { orders: '2026-01-01' },
    credentials: { SELLING_PARTNER_APP_CLIENT_ID: client_id, SELLING_PARTNER_APP_CLIENT_SECRET: client_secret },
    options: {
      https_proxy_agent: new Detour(amazon),
      auto_request_throttled: false, // it would wait three minutes and ask again
      timeouts: { deadline: 10000 },
    },
  });
  const call = (operation, parameters) => client.callAPI({ operation, endpoint: 'orders', ...parameters });
  return {
    search: async (query) => page(await call('searchOrders', { query })),
    async get(orderId, included) {
      const answer = await call('getOrder', { path: { orderId }, query: { includedData: included } });
      return answer.order ? seen(answer.order) : null;
    },
  };
}

// Its errors carry no HTTP status.
await answerLines(connect, (error) => [null, error.code ?? null]);
