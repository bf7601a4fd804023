/**
 * @typedef {string | number | Node | null | undefined | false} Child
 * @typedef {Record<string, string | number | boolean | undefined | ((event: any) => void)>} Attributes
 */

/**
 * An element. Text from the data only ever becomes text: there is no way here to make markup of it. Functions are
 * listeners, by the name of their event.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} attributes
 * @param {Child[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...nodesOf(children));
  return element;
}

/** @param {readonly Child[]} children */
function nodesOf(children) {
  return children
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

/**
 * @param {Element} element
 * @param {Child[]} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...nodesOf(children));
}

/**
 * As fill, for what changes under the eyes of somebody: not while a field is written in, and a button that has the focus
 * gives it to its successor, which has the same data-action in the same data-run.
 *
 * @param {Element} element
 * @param {Child[]} children
 */
export function redraw(element, ...children) {
  const { activeElement } = document;
  const isWithin = activeElement instanceof HTMLElement && element.contains(activeElement);
  if (isWithin && activeElement instanceof HTMLInputElement) return;
  const action = isWithin ? activeElement.dataset["action"] : undefined;
  const run = isWithin ? activeElement.closest("[data-run]")?.getAttribute("data-run") : undefined;
  fill(element, ...children);
  if (action === undefined) return;
  const successors = [action, action === "pause" ? "resume" : "pause"].map((name) =>
    element.querySelector(`[data-run="${run}"] [data-action="${name}"]`),
  );
  const next = successors.find((one) => one instanceof HTMLElement);
  if (next instanceof HTMLElement) next.focus();
}

/** @param {string} id */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no ${id}`);
  return element;
}

/**
 * A table whose numbers stand right.
 *
 * @param {readonly string[]} heads
 * @param {readonly (readonly Child[])[]} rows
 */
export function table(heads, rows) {
  const head = h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text)));
  const body = rows.map((cells) =>
    h(
      "tr",
      {},
      ...cells.map((cell) => h("td", { class: typeof cell === "number" ? "number" : undefined }, shown(cell))),
    ),
  );
  return h("div", { class: "scroll" }, h("table", {}, h("thead", {}, head), h("tbody", {}, ...body)));
}

/** @param {Child} cell */
function shown(cell) {
  return typeof cell === "number" ? cell.toLocaleString("en") : cell;
}

/** @param {readonly (readonly [string, Child])[]} pairs Those without a value are left out. */
export function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", {}, ...known.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, shown(value))]));
}

/**
 * @param {string} text
 * @param {"bad" | ""} kind
 */
export function message(text, kind = "") {
  return h("p", { class: `message ${kind}`, role: kind === "bad" ? "alert" : "status" }, text);
}

/**
 * @param {{ from: number, limit: number, total: number, go: (from: number) => void }} page
 */
export function pager({ from, limit, total, go }) {
  const last = Math.min(from + limit, total);
  return h(
    "div",
    { class: "pages" },
    h("button", { type: "button", disabled: from === 0, click: () => go(Math.max(0, from - limit)) }, "Back"),
    h("span", {}, total === 0 ? "none" : `${from + 1} to ${last} of ${total.toLocaleString("en")}`),
    h("button", { type: "button", disabled: last >= total, click: () => go(from + limit) }, "Further"),
  );
}

/**
 * Text with what was found between <em> and </em> marked. Where the text itself has such words, only a mark stands
 * wrong.
 *
 * @param {string} passage
 */
export function marked(passage) {
  const parts = passage.split(/<em>(.*?)<\/em>/s);
  return h("bdi", {}, ...parts.map((part, at) => (at % 2 === 1 ? h("mark", {}, part) : part)));
}
