// A list of the API with its filter, sort and pages; all of it stands in the page's address, which can be shared.

import { get } from "./api.js";
import { counted, find, findAll } from "./dom.js";
import { clearErrors, showErrors } from "./form.js";
import { forgetRows, showRows } from "./rows.js";

const PAGING = ["page", "page_size", "sort"];

/**
 * The list in #listing, filtered by #filter where the page has one.
 * path: of the API. row: item -> tr. noun: what is counted, [one, many] where many is not one with an s. sent: the address's parameters -> the API's.
 * shown: called with the answer after each showing. Answers {load, go, anew, parameters, follow}.
 * Call it before anything is waited for: it brings the filter to what the address says, over whatever was typed by then.
 */
export function listing({ path, row, noun, sent = (parameters) => parameters, shown = () => {} }) {
  const root = find("#listing");
  const form = find("#filter");
  const body = find("tbody", root);
  let running = null;
  const parameters = () => new URLSearchParams(location.search);

  async function load() {
    running?.abort();
    const mine = (running = new AbortController());
    root.setAttribute("aria-busy", "true");
    try {
      const answer = await get(path, { query: sent(parameters()), signal: mine.signal });
      find(".failure", root).hidden = true;
      if (form) clearErrors(form);
      showRows(body, answer.items, row);
      showPager(root, answer, noun);
      shown(answer);
      return answer;
    } finally {
      if (running === mine) root.removeAttribute("aria-busy");
      find(".loading", root).hidden = true;
    }
  }

  /** Load what the merchant asked for: the rows are another list, and a failure stands in their place. */
  async function anew() {
    forgetRows(body);
    try {
      const answer = await load();
      find(".unseen[role=status]", root).textContent = found(answer, noun);
    } catch (error) {
      if (error.name !== "AbortError") showFailure(root, form, error);
      if (error.status === 401) throw error;
    }
  }

  function go(changes, { first = true } = {}) {
    const next = parameters();
    if (first) next.delete("page");
    for (const [name, value] of Object.entries(changes)) {
      next.delete(name);
      for (const one of [value].flat()) if (one !== "" && one !== null) next.append(name, one);
    }
    history.pushState(null, "", `${location.pathname}${next.size ? `?${next}` : ""}`);
    follow();
    return anew();
  }

  /** Bring the controls to what the address says. */
  function follow() {
    if (form) fillFilter(form, parameters());
    const sort = parameters().get("sort") ?? "-purchase_date";
    for (const th of findAll("th[data-sort]", root)) {
      const mine = sort.replace("-", "") === th.dataset.sort;
      th.setAttribute("aria-sort", mine ? (sort.startsWith("-") ? "descending" : "ascending") : "none");
    }
    root.dispatchEvent(new CustomEvent("followed"));
  }

  find(".failure button", root).addEventListener("click", anew);
  findAll("th[data-sort] button", root).forEach((button) => button.addEventListener("click", () => {
    const th = button.closest("th");
    const falling = ["purchase_date", "total"].includes(th.dataset.sort); // begins with the newest and the dearest
    const descending = th.ariaSort === "none" ? falling : th.ariaSort === "ascending";
    go({ sort: `${descending ? "-" : ""}${th.dataset.sort}` });
  }));
  bindPager(root, go);
  addEventListener("popstate", () => {
    follow();
    anew();
  });
  follow();
  return { load, go, anew, parameters, follow };
}

/** The filters of an address: without page, page size and sort. */
export const filtersOf = (parameters) => [...parameters].filter(([name, value]) => !PAGING.includes(name) && value !== "");

function fillFilter(form, parameters) {
  for (const control of form.elements) {
    if (!control.name) continue;
    if (control.type === "checkbox") control.checked = parameters.getAll(control.name).includes(control.value);
    else {
      const wanted = parameters.get(control.name) ?? "";
      if (control.options?.length === 1 && wanted) control.add(new Option(wanted)); // the others are still asked for
      control.value = wanted;
    }
    if (control.selectedIndex < 0) control.selectedIndex = 0;
  }
}

function showFailure(root, form, problem) {
  const failure = find(".failure", root);
  const placed = form && problem.errors?.length ? showErrors(form, problem) : [];
  find("p", failure).textContent = placed.length ? placed.join(" ") : problem.message;
  failure.hidden = false;
  for (const part of ["table", ".empty", ".pager"]) {
    const found = find(part, root);
    if (found) found.hidden = true;
  }
}

/** How much there is; the API counts long lists of orders up to a bound only. */
function found(answer, noun) {
  const text = counted(answer.total_count ?? answer.items.length, ...[noun].flat());
  return answer.total_count_capped ? `More than ${text}` : text;
}

function showPager(root, answer, noun) {
  const none = answer.items.length === 0;
  find("table", root).hidden = none;
  find(".empty", root).hidden = !none;
  const pager = find(".pager", root);
  if (!pager) return;
  const { page, total_pages: pages, total_count: count } = answer;
  pager.hidden = count === 0;
  find(".count", pager).textContent = found(answer, noun);
  if (document.activeElement !== find(".number", pager)) find(".number", pager).value = page;
  find(".of", pager).textContent = pages === null ? "of many" : `of ${pages}`;
  find(".previous", pager).disabled = page <= 1;
  find(".next", pager).disabled = pages === null ? answer.next === null : page >= pages;
  find(".size", pager).value = String(answer.page_size);
}

function bindPager(root, go) {
  const pager = find(".pager", root);
  if (!pager) return;
  const box = find(".number", pager);
  const turn = (page) => go({ page: String(Math.max(1, page)) }, { first: false });
  find(".previous", pager).addEventListener("click", () => turn(Number(box.value) - 1));
  find(".next", pager).addEventListener("click", () => turn(Number(box.value) + 1));
  box.addEventListener("change", () => {
    if (/^\d{1,6}$/.test(box.value.trim())) turn(Number(box.value));
  });
  find(".size", pager).addEventListener("change", (event) => go({ page_size: event.target.value }));
}
