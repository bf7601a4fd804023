import { get, getText, queryText } from "../api.js";
import { facts, fill, h, message, pager } from "../dom.js";
import { at, counted, lasting, sized } from "../format.js";

/** More than this makes a page slow; the whole can be kept as a file. */
const shownCharacters = 300_000;
const nodesShown = 50;

/** @type {import("../main.js").Page} */
export const log = {
  title: "Log",
  inNavigation: false,
  async show({ main, query, go, signal }) {
    fill(main, h("p", { class: "faint" }, "Reading …"));
    const id = query.get("run") ?? "";
    const from = Number(query.get("from") ?? 0);
    const failedFirst = query.get("failedFirst") === "true";
    const asked = { run: id, tenantId: query.get("tenantId") ?? undefined, failedFirst, from, limit: nodesShown };
    const { tenantId, run, nodes, nodesInAll, failed } = await get("log", asked, signal);
    const box = h("input", {
      type: "checkbox",
      checked: failedFirst,
      change: () => go({ failedFirst: failedFirst ? undefined : "true", from: undefined }),
    });
    const total = { from, limit: nodesShown, total: nodesInAll };
    fill(
      main,
      run === null ? message("The run itself is in neither store any more; its nodes are.") : runCard(run, tenantId),
      h("h2", {}, `${counted(nodesInAll)} nodes${failed > 0 ? `, ${counted(failed)} failed` : ""}`),
      h("label", { class: "check" }, box, "failed ones first"),
      ...nodes.map((/** @type {any} */ node, /** @type {number} */ at_) =>
        nodeCard(node, from + at_ + 1, { run: id, tenantId }),
      ),
      nodesInAll > nodesShown ? pager({ ...total, go: (next) => go({ from: String(next) }) }) : null,
    );
  },
};

/** @param {any} run @param {string} tenantId */
function runCard(run, tenantId) {
  const {
    id,
    status,
    createdAt,
    elapsedTime,
    totalTokens,
    totalSteps,
    appId,
    workflowId,
    version,
    triggeredFrom,
    createdByRole,
    createdBy,
    store,
  } = run;
  return h(
    "section",
    { class: "card" },
    facts([
      ["run", id],
      ["status", state(status)],
      ["started", at(createdAt)],
      ["took", `${lasting(Number(elapsedTime))}, ${counted(totalTokens)} tokens, ${totalSteps ?? "?"} steps`],
      ["tenant", tenantId],
      ["app", appId],
      ["workflow", `${workflowId}, version ${version}`],
      ["by", `${triggeredFrom}, ${createdByRole} ${createdBy}`],
      ["read from", store],
    ]),
    ...values(run, { run: id, tenantId }, ["error", "inputs", "outputs"]),
  );
}

/** @param {any} node @param {number} place @param {{ run: string, tenantId: string }} of */
function nodeCard(node, place, of) {
  const { title, nodeType, status, elapsedTime, createdAt, store, offloads, id, nodeId } = node;
  return h(
    "section",
    { class: "card", "data-node": id },
    h("h2", {}, `${place}. `, h("bdi", {}, title), h("span", { class: "faint" }, ` ${nodeType} `), state(status)),
    h("p", { class: "faint" }, `${lasting(Number(elapsedTime))}, ${at(createdAt)}, ${nodeId}, read from ${store}`),
    ...values(node, { ...of, node: id }, ["error", "inputs", "processData", "outputs"]),
    ...offloads.map(offload),
  );
}

/** @param {string} status */
function state(status) {
  const isBad = status === "failed" || status === "exception";
  return h("span", { class: isBad ? "bad-text" : status === "succeeded" ? "good-text" : "" }, status);
}

/** @param {any} offload */
function offload({ type, key, bytes, content, contentError }) {
  const archived =
    content === null ? (contentError === null ? "" : `, not archived: ${contentError}`) : ", archived whole";
  return h("p", { class: "faint" }, `${type} offloaded: ${sized(bytes)} ${key ?? ""}${archived}`);
}

/**
 * @param {any} record
 * @param {Record<string, string>} of
 * @param {readonly string[]} names
 */
function values(record, of, names) {
  return names.filter((name) => record[name] !== null && record[name] !== "").map((name) => value(record, of, name));
}

/** @param {any} record @param {Record<string, string>} of @param {string} name */
function value(record, of, name) {
  const { cut } = record;
  const url = `/api/log/value?${queryText({ ...of, column: name })}`;
  const isOffloaded = record.offloads?.some(
    (/** @type {any} */ { type, content }) => content !== null && type === snake(name),
  );
  const text = h("pre", {}, readable(record[name]));
  const rest = h("div");
  const more = async () => {
    try {
      const { text: whole, isAll } = await getText(url, shownCharacters);
      text.textContent = readable(whole);
      fill(rest, isAll ? null : h("p", { class: "faint" }, `The first ${counted(shownCharacters)} characters.`), keep);
    } catch (error) {
      fill(rest, message(error instanceof Error ? error.message : String(error), "bad"));
    }
  };
  const keep = h("a", { href: url, download: "" }, "Keep as a file");
  if (cut[name] !== undefined || isOffloaded)
    fill(
      rest,
      h(
        "button",
        { type: "button", click: () => void more() },
        cut[name] === undefined ? "Show the offloaded content" : `Show all ${counted(cut[name])} characters`,
      ),
      " ",
      keep,
    );
  return h("details", { open: name === "error" }, h("summary", {}, name), text, rest);
}

/** @param {string} name */
function snake(name) {
  return name === "processData" ? "process_data" : name;
}

/**
 * The letters that the platform stores as JSON escapes; controls and marks that reorder text stay escapes or become
 * them.
 *
 * @param {string} json
 */
function readable(json) {
  const letters = json.replaceAll(/\\(?:u([0-9a-fA-F]{4})|.)/gs, (escape, hex) => {
    const unit = hex === undefined ? 0 : Number.parseInt(hex, 16);
    return unit >= 0xa0 ? String.fromCharCode(unit) : escape;
  });
  return letters.replaceAll(
    /(?![\t\n])[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
