// Tabs after the ARIA pattern: arrows move, the open one stands in the address.

import { find, findAll } from "./dom.js";

/** Bind the page's tab list; `opened` is called with the id of each panel that is opened. */
export function bindTabs(opened) {
  const tabs = findAll('[role="tab"]');
  const panel = (tab) => find(`#${tab.getAttribute("aria-controls")}`);
  const open = (tab) => {
    for (const other of tabs) {
      const mine = other === tab;
      other.setAttribute("aria-selected", String(mine));
      other.tabIndex = mine ? 0 : -1;
      panel(other).hidden = !mine;
    }
    opened(panel(tab).id);
  };
  const choose = (tab) => {
    history.replaceState(history.state, "", `#${panel(tab).id}`);
    open(tab);
    tab.focus();
  };
  const named = () => tabs.find((tab) => `#${tab.getAttribute("aria-controls")}` === location.hash);
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      choose(tabs[(to + tabs.length) % tabs.length]);
    });
  });
  addEventListener("hashchange", () => named() && open(named()));
  open(named() ?? tabs[0]);
}
