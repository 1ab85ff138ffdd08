// What runs by itself, what it did, and how to run it now.

import { ask, get, storesById } from "./api.js";
import { cell, find, h, row, status, when, words } from "./dom.js";
import { offer } from "./form.js";
import { listing } from "./listing.js";
import { showRows } from "./rows.js";
import { act, failed, keepFresh, start, tell } from "./shell.js";

/** What a run counted: "created 2, blocked 1". */
const result = (run) => Object.entries(run.result ?? {}).map(([name, count]) => `${words(name).toLowerCase()} ${count}`).join(", ");

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
    cell("Schedule", {}, h("code", {}, job.schedule)),
    cell("Last run", {}, last ? [status(last.state), h("div", { class: "sub" }, when(last.started_at))] : "Never"),
    cell("Action", {}, run));
}

start(async () => {
  const stores = await storesById();
  const named = [...stores.values()].map((store) => [store.id, store.name]);
  offer(find("#run-store"), named);
  offer(find("#filter").elements.store_id, named);
  const runRow = (run) => row({},
    cell("Started", { class: "date" }, when(run.started_at)),
    cell("Job", { class: "main" }, words(run.job)),
    cell("State", {}, status(run.state)),
    cell("Store", {}, run.store_id ? (stores.get(run.store_id)?.name ?? run.store_id) : "–"),
    cell("Started by", {}, words(run.trigger)),
    cell("Took", { class: "number" }, took(run)),
    cell("Result", { class: "wide" }, run.error ?? (result(run) || "Nothing to do")));
  const runs = listing({ path: "/job-runs", row: runRow, noun: "run" });
  const jobs = async () => {
    const { items } = await get("/jobs");
    showRows(find("#jobs"), items, (job) => jobRow(job, () => Promise.all([jobs(), runs.load()])), (job) => job.name);
  };
  find("#filter").addEventListener("change", (event) => runs.go({ [event.target.name]: event.target.value }).catch(failed));
  find("#filter").addEventListener("submit", (event) => event.preventDefault());
  await Promise.all([jobs(), runs.anew()]);
  keepFresh(() => Promise.all([jobs(), runs.load()]));
});
