// What runs by itself, what it did, and how to run it now.

import { ask, get } from "./api.js";
import { cell, counted, find, h, row, status, when, words } from "./dom.js";
import { offerStores } from "./form.js";
import { listing } from "./listing.js";
import { showRows } from "./rows.js";
import { act, failed, keepFresh, start, tell } from "./shell.js";

const STARTERS = { schedule: "Schedule", cli: "Command line", api: "Console or API" };
const COUNTED = {
  shipments: ["shipment", "shipments"], findings: ["finding", "findings"],
  invoice_commerce_done: "invoiced in Commerce", complete_commerce_done: "completed in Commerce", late_tracks: ["late tracking number", "late tracking numbers"],
  cancel_commerce_done: "canceled in Commerce", hold_commerce_done: "held in Commerce", of_another_marketplace: "of another marketplace",
};

/** What a run counted: "2 created, 1 blocked". How many pages it read is no news. */
function result(run) {
  const told = Object.entries(run.result ?? {}).filter(([name, count]) => name !== "pages" && count !== 0);
  return told.map(([name, count]) => {
    const noun = COUNTED[name] ?? name.replaceAll("_", " ");
    return counted(count, ...(Array.isArray(noun) ? noun : [noun, noun]));
  }).join(", ");
}

/** A schedule in words where it is a plain one, else as it was given. */
function schedule(text) {
  const [, count, unit] = /^@every (\d+)([smh])$/.exec(text) ?? /^\*\/(\d+)( )\* \* \* \*$/.exec(text) ?? [];
  if (count) return `Every ${counted(Number(count), { s: "second", h: "hour" }[unit] ?? "minute").replace(/^1 /, "")}`;
  if (text === "* * * * *") return "Every minute";
  const [, minute, hour] = /^(\d+) (\d+|\*) \* \* \*$/.exec(text) ?? [];
  if (minute === undefined) return h("code", {}, text);
  const at = minute.padStart(2, "0");
  return hour === "*" ? `Every hour at :${at}` : `Every day at ${hour.padStart(2, "0")}:${at}`;
}

function took(run) {
  if (!run.finished_at) return "–";
  const seconds = (new Date(run.finished_at) - new Date(run.started_at)) / 1000;
  return `${seconds.toFixed(seconds < 10 ? 2 : 0)} s`;
}

function jobRow(job, again) {
  const last = job.last_run;
  const run = h("button", {
    type: "button", "data-key": "run", "aria-label": `Run ${job.name} now`,
    onclick: (event) => act(event.currentTarget, async () => {
      const body = { store_id: job.per_store ? Number(find("#run-store").value) : null };
      const { data } = await ask("POST", `/jobs/${job.name}/run`, { body });
      tell(`Run ${data.id} of ${job.name} has started.`);
      await again();
    }),
  }, "Run now");
  return row({},
    cell("Job", { class: "main" }, words(job.name)),
    cell("What it does", { class: "wide" }, job.help),
    cell("Schedule", {}, schedule(job.schedule)),
    cell("Last run", {}, last ? [status(last.state), h("div", { class: "sub" }, when(last.started_at))] : "Never"),
    cell("Action", {}, run));
}

start(async () => {
  let stores = new Map();
  const runRow = (run) => row({},
    cell("Started", { class: "date" }, when(run.started_at)),
    cell("Job", { class: "main" }, words(run.job)),
    cell("State", {}, status(run.state)),
    cell("Store", {}, run.store_id ? (stores.get(run.store_id)?.name ?? run.store_id) : "–"),
    cell("Started by", {}, STARTERS[run.trigger] ?? words(run.trigger)),
    cell("Took", { class: "number" }, took(run)),
    cell("Result", { class: "wide" }, run.error ?? (result(run) || (run.finished_at ? "Nothing new" : "–"))));
  const runs = listing({ path: "/job-runs", row: runRow, noun: "run" });
  const jobs = async () => {
    const { items } = await get("/jobs");
    showRows(find("#jobs"), items, (job) => jobRow(job, () => Promise.all([jobs(), runs.load()])), (job) => job.name);
  };
  find("#filter").addEventListener("change", (event) => runs.go({ [event.target.name]: event.target.value }).catch(failed));
  find("#filter").addEventListener("submit", (event) => event.preventDefault());
  stores = await offerStores(find("#filter").elements.store_id);
  await offerStores(find("#run-store"));
  await Promise.all([jobs(), runs.anew()]);
  keepFresh(() => Promise.all([jobs(), runs.load()]));
});
