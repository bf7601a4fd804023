import { get, post, Refused } from "./api.js";
import { byId, fill, h, message } from "./dom.js";
import { coverage } from "./pages/coverage.js";
import { errors } from "./pages/errors.js";
import { log } from "./pages/log.js";
import { login } from "./pages/login.js";
import { retention } from "./pages/retention.js";
import { run } from "./pages/run.js";
import { runs } from "./pages/runs.js";
import { search } from "./pages/search.js";

/**
 * What a page works with. `signal` aborts when another page is shown; `go` changes what is asked and leaves the page.
 *
 * @typedef {object} Shown
 * @property {HTMLElement} main
 * @property {URLSearchParams} query
 * @property {AbortSignal} signal
 * @property {(query: Record<string, string | undefined>) => void} go
 * @property {(everyMillis: number, work: () => Promise<void>) => Promise<void>} repeat Does `work` now and again and again, and shows its failure.
 */

/** @typedef {{ title: string, inNavigation: boolean, show: (shown: Shown) => void | Promise<void> }} Page */

/** @type {Record<string, Page>} */
const pages = { coverage, runs, errors, retention, search, run, log };
const named = Object.keys(pages).filter((name) => pages[name]?.inNavigation);

let leaving = new AbortController();

/** @returns {{ name: string, query: URLSearchParams }} */
function place() {
  const [path = "", query = ""] = location.hash.slice(1).split("?");
  const name = path.replaceAll("/", "");
  return { name: name in pages ? name : "coverage", query: new URLSearchParams(query) };
}

async function showPage() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { name, query } = place();
  const page = /** @type {Page} */ (pages[name]);
  document.title = `${page.title} · log-archive`;
  for (const link of byId("nav").children) {
    if (link.getAttribute("href") === `#/${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const body = h("div");
  const failure = h("div");
  fill(byId("main"), h("h1", {}, page.title), failure, body);
  /** @param {unknown} error */
  const fail = (error) => {
    if (signal.aborted) return;
    if (error instanceof Refused && error.status === 401) return showLogin();
    fill(failure, message(error instanceof Error ? error.message : String(error), "bad"));
  };
  /** @type {Shown["go"]} */
  const go = (changes) => {
    const next = new URLSearchParams(query);
    for (const [key, value] of Object.entries(changes)) {
      if (value === undefined || value === "") next.delete(key);
      else next.set(key, value);
    }
    location.hash = `#/${name}?${next}`;
  };
  /** @type {Shown["repeat"]} */
  const repeat = async (everyMillis, work) => {
    while (!signal.aborted) {
      try {
        await work();
        fill(failure);
      } catch (error) {
        fail(error);
        if (error instanceof Refused && error.status === 401) return;
      }
      await new Promise((resolve) => setTimeout(resolve, everyMillis));
    }
  };
  try {
    await page.show({ main: body, query, signal, go, repeat });
  } catch (error) {
    fail(error);
  }
}

function showLogin() {
  leaving.abort();
  login(byId("main"), start);
}

async function showStores() {
  try {
    const { version, stores } = await get("stores");
    fill(byId("version"), `log-archive ${version}`);
    /** @type {{ store: string, answers: boolean, text: string }[]} */
    const states = stores;
    fill(
      byId("stores"),
      ...states.map(({ store, answers, text }) =>
        h(
          "span",
          { class: answers ? "good-text" : "bad-text", title: text },
          `${answers ? "✓" : "✗"} ${store}${answers ? "" : " does not answer"}`,
        ),
      ),
    );
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return;
    const text = error instanceof Error ? error.message : String(error);
    fill(byId("stores"), h("span", { class: "bad-text" }, text.split("\n")[0]));
  }
}

/** The page stands before any store was asked. */
async function start() {
  await Promise.all([showPage(), showStores()]);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const { target, key } = event;
  const writes = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
  if (writes || event.ctrlKey || event.metaKey || event.altKey) return;
  const page = named[Number(key) - 1];
  if (page !== undefined) location.hash = `#/${page}`;
  if (key !== "/") return;
  const field = byId("main").querySelector("input:not([type=checkbox])");
  if (field instanceof HTMLInputElement) {
    field.focus();
    event.preventDefault();
  }
}

fill(byId("nav"), ...named.map((name) => h("a", { href: `#/${name}` }, pages[name]?.title)));
byId("logout").addEventListener("click", () => void post("logout").then(start));
addEventListener("hashchange", () => void showPage());
addEventListener("keydown", onKey);
setInterval(() => void showStores(), 15_000);
await start();
