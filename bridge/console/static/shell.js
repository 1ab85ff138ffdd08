// What every page does: ask for the key, show what the merchant must be told, and keep what is shown fresh.

import { Problem, ask, get, key } from "./api.js";
import { clock, find, h, replace, status } from "./dom.js";

const EVERY = 5000; // milliseconds between two updates

/** Open the page once there is a key that works. `open` may throw; a refused key leads back to the form. */
export function start(open) {
  const form = find("#sign-in");
  const begin = async (given) => {
    if (given) key.set(given);
    form.hidden = true;
    find("#page").hidden = false;
    find("#forget").hidden = false;
    try {
      await Promise.all([showMessages(), open()]);
    } catch (error) {
      failed(error);
    }
  };
  find("#forget").addEventListener("click", () => {
    key.forget();
    location.reload();
  });
  find("#demo")?.addEventListener("click", (event) => begin(event.currentTarget.dataset.key));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = form.elements.key.value.trim();
    const wrong = await refusal(given);
    if (!wrong) begin(given);
    else askForKey(wrong);
  });
  if (key.get()) begin();
  else askForKey();
}

/** Why this key cannot be used; empty when it can. */
async function refusal(given) {
  if (!/^[\x21-\x7e]+$/.test(given)) return "An API key holds letters, digits and signs, and no spaces.";
  key.set(given);
  try {
    await ask("GET", "/stores");
    return "";
  } catch (error) {
    key.forget();
    return error.status === 401 ? "This key is not known, has expired or was revoked." : error.message;
  }
}

function askForKey(wrong = "") {
  const form = find("#sign-in");
  find("#page").hidden = true;
  find("#messages").hidden = true;
  find("#forget").hidden = true;
  form.hidden = false;
  find("#key-error").textContent = wrong;
  form.elements.key.setAttribute("aria-invalid", String(Boolean(wrong)));
  form.elements.key.focus();
}

/** Tell of a failure where nothing nearer to it can; a refused key is asked for again. */
export function failed(error) {
  if (error.name === "AbortError") return;
  if (!(error instanceof Problem)) throw error;
  if (error.status === 401) {
    key.forget();
    askForKey("The key has expired or was revoked. Enter another one.");
  } else {
    tell(error.message, "bad");
  }
}

/** A note at the top of the page until the next one; kind is good, warn or bad. */
export function tell(text, kind = "good", ...more) {
  const close = h("button", { type: "button", class: "quiet", "aria-label": "Close this note", onclick: () => replace(find("#notice")) }, "×");
  replace(find("#notice"), h("div", { class: `notice ${kind}` }, h("p", {}, text, " ", ...more), close));
}

/** Do something that the merchant asked for: the last note goes, the button rests meanwhile, a failure is told. */
export async function act(button, what) {
  replace(find("#notice"));
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    return await what();
  } catch (error) {
    failed(error);
    return undefined;
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
}

async function showMessages() {
  const { items } = await get("/system-messages");
  const box = find("#messages");
  const shown = items.map((message) => message.code + message.text).join("\n");
  box.hidden = items.length === 0;
  if (box.dataset.shown === shown) return;
  box.dataset.shown = shown;
  replace(box, items.map((message) =>
    h("p", {},
      status("Error", ""),
      h("span", {}, h("span", { class: "text" }, message.text), " ",
        message.code === "orders_blocked" && h("a", { href: "/console/orders?status=Error" }, "Show these orders")))));
}

/**
 * Call `load` every few seconds, unless paused, hidden or still at it. Answers a function that does it at once.
 * A failure is told beside the clock, and what was shown stays.
 */
export function keepFresh(load) {
  const told = find("#updated");
  const pause = find("#pause");
  let busy = false;
  const tick = async () => {
    if (busy) return;
    busy = true;
    try {
      await Promise.all([load(), showMessages()]);
      told.textContent = `Updated ${clock(new Date())}`;
    } catch (error) {
      if (error.status === 401) failed(error);
      else if (error.name !== "AbortError") told.textContent = `Not updated: ${error.message}`;
    } finally {
      busy = false;
    }
  };
  const paused = () => pause.getAttribute("aria-pressed") === "true";
  pause.addEventListener("click", () => {
    pause.setAttribute("aria-pressed", String(!paused()));
    if (!paused()) tick();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !paused()) tick();
  });
  told.textContent = `Updated ${clock(new Date())}`;
  setInterval(() => {
    if (!paused() && !document.hidden && key.get()) tick();
  }, EVERY);
  return tick;
}

/** The line below a store's title, and the page's own title. */
export function showStore(store) {
  document.title = `${document.title.split(" · ", 1)[0]} · ${store.name} · Amazon order bridge`;
  replace(find("#store-band"),
    h("strong", {}, store.name), h("span", {}, store.marketplace.country),
    h("span", {}, `Commerce website ${store.website_code}`),
    status(store.active ? "active" : "inactive"));
}
