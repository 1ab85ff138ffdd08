// Making elements, and showing the API's values in words. Text only ever becomes text: nothing here parses markup.

const LOCALE = navigator.language;
const SVG = "http://www.w3.org/2000/svg";

/** An element; a property that starts with "on" listens, null and false leave an attribute out. */
export function h(name, properties = {}, ...children) {
  return fill(document.createElement(name), properties, children);
}

export function svg(name, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, name), properties, children);
}

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const find = (selector, within = document) => within.querySelector(selector);
export const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];

const NAMES = { amazon: "Amazon", commerce: "Commerce", id: "ID", url: "URL", sku: "SKU", asin: "ASIN" };

/** A code in words: out_of_stock, PartiallyShipped, shipped_in_commerce. Changed together with console.words. */
export function words(code) {
  const text = String(code).replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ")
    .replace(/\b[a-z]+\b/g, (word) => NAMES[word] ?? word);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** {amount, currency} for people, exactly: the decimal string never becomes a floating number. */
export function money(value) {
  if (!value) return "";
  const digits = value.amount.split(".")[1]?.length ?? 0;
  const style = { style: "currency", currency: value.currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(LOCALE, style).format(value.amount);
}

export const number = (value) => new Intl.NumberFormat(LOCALE).format(value);

/** "3 orders", "1 order" */
export const counted = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

const MOMENT = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeZone: "UTC" });
const CLOCK = new Intl.DateTimeFormat(LOCALE, { timeStyle: "medium" });

export const clock = (date) => CLOCK.format(date);
export const day = (iso) => DAY.format(new Date(`${iso}T00:00:00Z`));

/** A moment in the reader's own time zone; the title has it in UTC. */
export function when(iso) {
  return iso ? h("time", { datetime: iso, title: iso }, MOMENT.format(new Date(iso))) : "–";
}

/** A status: a mark whose shape differs as well as its colour, and the word. */
export function status(code, label = words(code)) {
  return h("span", { class: "status", "data-status": code }, label);
}

/** A link to a page elsewhere, in a tab of its own; only text when the address is none for a browser. */
export function outside(url, ...label) {
  if (!/^https?:\/\//.test(url ?? "")) return h("span", {}, ...label);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", class: "outside" },
    ...label, h("span", { class: "unseen" }, " (opens a new tab)"));
}

/** A cell of a table; on narrow screens it stands below its label. */
export function cell(label, properties = {}, ...children) {
  return h("td", { role: "cell", "data-label": label, ...properties }, ...children);
}

export const row = (properties, ...cells) => h("tr", { role: "row", ...properties }, ...cells);

/** A plain table from its head [[label, class]] and its rows. */
export function table(caption, head, rows) {
  const heads = head.map(([label, style]) => h("th", { role: "columnheader", scope: "col", class: style }, label));
  return h("table", { role: "table" },
    h("caption", { class: "unseen" }, caption),
    h("thead", { role: "rowgroup" }, row({}, heads)),
    h("tbody", { role: "rowgroup" }, rows));
}

/** Labels and values as a description list; what has no value is left out. */
export function facts(...pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: "facts" }, shown.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))));
}

/** Put the children in place of what the element holds; the focus stays on the element with the same data-key. */
export function replace(element, ...children) {
  const held = element.contains(document.activeElement) ? document.activeElement.closest("[data-key]")?.dataset.key : null;
  element.replaceChildren(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  if (held) find(`[data-key="${CSS.escape(held)}"]`, element)?.focus();
}
