// Revenue by day: bars to look at, and the same as a table.

import { day, money, svg, table, cell, row } from "./dom.js";

// On a narrow screen fewer units are as wide as the page, so that the words stay readable.
const WIDTH = matchMedia("(max-width: 40rem)").matches ? 360 : 640;
const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [200, 64, 14, 10, 24];

/** The next round figure above: 1, 2 or 5 times a power of ten. */
function ceiling(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((round) => round >= value);
}

/** Bars of [{date, revenue}]; the figures become floating numbers only to be drawn. */
export function revenueChart(days, title) {
  const currency = days[0].revenue.currency;
  const top = ceiling(Math.max(...days.map((one) => Number(one.revenue.amount))));
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const step = (WIDTH - LEFT - RIGHT) / days.length;
  const every = Math.ceil(days.length / (WIDTH > 500 ? 7 : 5));
  const short = new Intl.NumberFormat(navigator.language, { style: "currency", currency, notation: "compact" });
  const lines = [0, top / 2, top].map((value) => [
    svg("line", { class: "grid", x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }),
    svg("text", { class: "axis end", x: LEFT - 8, y: y(value) + 4 }, short.format(value)),
  ]);
  const bars = days.map((one, index) => {
    const x = LEFT + index * step + step * 0.15;
    const at = y(Number(one.revenue.amount));
    const bar = { class: "bar", x, y: at, width: step * 0.7, height: y(0) - at, rx: 1.5 };
    return svg("rect", bar, svg("title", {}, `${day(one.date)}: ${money(one.revenue)}`));
  });
  const dates = days.map((one, index) => (days.length - 1 - index) % every === 0 &&
    svg("text", { class: "axis middle", x: LEFT + (index + 0.5) * step, y: HEIGHT - 6 }, one.date.slice(5).replace("-", "/")));
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title }, lines, bars, dates);
}

export function revenueTable(days) {
  return table("Revenue by day", [["Day (UTC)", ""], ["Revenue", "number"]], days.map((one) =>
    row({}, cell("Day (UTC)", {}, day(one.date)), cell("Revenue", { class: "number" }, money(one.revenue)))));
}
