// @sp-api-sdk/orders-api-2026-01-01 takes its hosts from a table that can be written to, except the login's, which
// stands in an axios of its own: axios is told another way to that host before the package makes it.
import { createRequire } from 'node:module';
import { answerLines, page, seen } from './lines.mjs';

const require = createRequire(import.meta.url); // unlike import, it looks in NODE_PATH
const axios = require('axios');

let amazon;
const overHttp = axios.getAdapter('http');
axios.defaults.adapter = (config) => {
  const atLogin = config.baseURL === 'https://api.amazon.com/auth/';
  return overHttp(atLogin ? { ...config, baseURL: `${amazon}/auth/` } : config);
};
axios.defaults.timeout = 10000;
const { SellingPartnerApiAuth } = require('@sp-api-sdk/auth');
const { sellingPartnerRegions } = require('@sp-api-sdk/common');
const { OrdersApiClient } = require('@sp-api-sdk/orders-api-2026-01-01');

function connect(address, { client_id, client_secret, refresh_token }) {
  amazon = address;
  sellingPartnerRegions.na.endpoints.production = amazon;
  const auth = new SellingPartnerApiAuth({
    clientId: client_id,
    clientSecret: client_secret,
    refreshToken: refresh_token,
  });
  const orders = new OrdersApiClient({ auth, region: 'na' });
  return {
    search: async (query) => page((await orders.searchOrders(query)).data),
    async get(orderId, includedData) {
      const { order } = (await orders.getOrder({ orderId, includedData })).data;
      return order ? seen(order) : null;
    },
  };
}

function told({ response }) {
  const body = response?.data;
  return [response?.status ?? null, body?.errors?.[0]?.code ?? body?.error ?? null];
}

await answerLines(connect, told);
