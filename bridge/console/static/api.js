// The one way to the bridge: its public API, with the merchant's key.

const BASE = "/api/v1";
const STORED = "bridge-api-key";

export const key = {
  get: () => sessionStorage.getItem(STORED),
  set: (value) => sessionStorage.setItem(STORED, value),
  forget: () => sessionStorage.removeItem(STORED),
};

/** What went wrong, as the API tells it (RFC 9457), or as the network does (status 0). */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The bridge answered ${status}.`);
    this.status = status;
    this.code = body.code || "";
    this.errors = body.errors || [];
  }
}

/** A path with its parameters; lists repeat theirs, and what is empty is left out. */
export function address(path, query = {}) {
  const parameters = new URLSearchParams();
  for (const [name, value] of query instanceof URLSearchParams ? query : Object.entries(query)) {
    for (const one of [value].flat()) if (one !== "" && one !== null && one !== undefined) parameters.append(name, one);
  }
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

/** Ask the API; answers {data, etag}. Throws a Problem for everything but a success. */
export async function ask(method, path, { query, body, etag, signal } = {}) {
  const headers = { Authorization: `Bearer ${key.get() ?? ""}`, Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (etag) headers["If-Match"] = etag;
  const text = body === undefined ? undefined : JSON.stringify(body);
  let response;
  try {
    response = await fetch(BASE + address(path, query), { method, headers, body: text, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The bridge does not answer. Is it running, and are you online?" });
  }
  const data = await read(response);
  if (!response.ok) throw new Problem(response.status, data ?? {});
  return { data, etag: response.headers.get("ETag") };
}

async function read(response) {
  const kind = response.headers.get("Content-Type") ?? "";
  if (response.status === 204 || !/json/.test(kind)) return null;
  try {
    return await response.json();
  } catch {
    throw new Problem(response.status, { detail: "The bridge's answer broke off." });
  }
}

export const get = async (path, options) => (await ask("GET", path, options)).data;
export const post = async (path, body, options = {}) => (await ask("POST", path, { ...options, body })).data;

let stores;

/** The stores that the key may see, by id; asked for once a page. */
export async function storesById() {
  stores ??= get("/stores").then(({ items }) => new Map(items.map((store) => [store.id, store])));
  try {
    return await stores;
  } catch (error) {
    stores = undefined;
    throw error;
  }
}
