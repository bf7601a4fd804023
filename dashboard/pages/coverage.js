import { get } from "../api.js";
import { byId, facts, fill, h, message, pager } from "../dom.js";
import { at, counted, sized } from "../format.js";

/** @typedef {import("../main.js").Shown} Shown */
/** @typedef {import("../../src/cli/dashboard/coverage-page.ts").CoveragePage} CoveragePage */
/** @typedef {import("../../src/cli/dashboard/coverage-page.ts").CoverageCell} CoverageCell */
/** @typedef {import("../../src/workflow-logs/partition-facts.ts").PartitionFacts} PartitionFacts */

/** Each with a letter, for those who do not see the colours. */
/** @type {Record<string, readonly [letter: string, meaning: string]>} */
const states = {
  planned: ["·", "nothing was copied"],
  copying: ["…", "being copied, or not to its end"],
  copied: ["●", "copied"],
  verified: ["✓", "copied, and every row compared"],
  purging: ["p", "rows are being purged from PostgreSQL"],
  purged: ["P", "purged from PostgreSQL, archived here"],
  expired: ["x", "deleted by retention"],
};

const dataTypes = ["workflow_runs", "app_logs", "node_executions"];
const tenantsShown = 50;
const monthsShown = 24;

/** @type {import("../main.js").Page} */
export const coverage = {
  title: "Coverage",
  inNavigation: true,
  show({ main, query, go, repeat, signal }) {
    const dataType = query.get("dataType") ?? "workflow_runs";
    const from = Number(query.get("from") ?? 0);
    const monthsBack = Number(query.get("monthsBack") ?? 0);
    const map = h("div", {}, h("p", { class: "faint" }, "Reading how both stores stand …"));
    const summary = h("div");
    fill(main, filters(dataType, query, go), map, summary);
    void repeat(20_000, async () => {
      const asked = {
        dataType,
        tenant: query.get("tenant") ?? undefined,
        state: query.get("state") ?? undefined,
        from,
        limit: tenantsShown,
        monthsBack,
        months: monthsShown,
      };
      const page = await get("coverage", asked, signal);
      const place = focused(map);
      fill(map, legend(page), heatMap(page), ...pagers(page, { from, monthsBack, go }));
      if (place !== undefined) focus(map, place);
      fill(summary, ...summaryOf(page));
    });
  },
};

/**
 * @param {string} dataType
 * @param {URLSearchParams} query
 * @param {Shown["go"]} go
 */
function filters(dataType, query, go) {
  /** @param {string} name @param {readonly string[]} words @param {string} chosen @param {string} label */
  const select = (name, words, chosen, label) =>
    h(
      "label",
      {},
      label,
      h(
        "select",
        { name, change: (/** @type {any} */ { target }) => go({ [name]: target.value, from: undefined }) },
        ...words.map((word) => h("option", { value: word, selected: word === chosen }, word === "" ? "any" : word)),
      ),
    );
  const tenant = h("input", { name: "tenant", value: query.get("tenant") ?? "", size: 36, spellcheck: "false" });
  /** @param {SubmitEvent} event */
  const send = (event) => {
    event.preventDefault();
    go({ tenant: tenant.value.trim(), from: undefined });
  };
  return h(
    "form",
    { class: "filters", submit: send },
    select("dataType", dataTypes, dataType, "data type"),
    h("label", {}, "tenant id, or a part of it", tenant),
    select("state", ["", ...Object.keys(states)], query.get("state") ?? "", "with a month that is"),
    h("button", { type: "submit" }, "Show"),
  );
}

/** @param {CoveragePage} page */
function legend({ byState }) {
  return h(
    "div",
    { class: "legend", "aria-label": "Months by state" },
    ...Object.entries(states).map(([state, [letter, meaning]]) =>
      h(
        "span",
        { title: meaning },
        h("span", { class: `cell ${state}`, "aria-hidden": "true" }, letter),
        `${state} ${(byState[state] ?? 0).toLocaleString("en")}`,
      ),
    ),
  );
}

/** @param {CoveragePage} page */
function heatMap(page) {
  const { months, rows, dataType } = page;
  if (rows.length === 0) return message("There is no such tenant with logs of this kind.");
  const heads = months.map((month) => h("th", { scope: "col" }, month));
  const lines = rows.map(({ tenantId, cells }, row) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, h("bdi", {}, tenantId)),
      ...cells.map((cell, column) =>
        h("td", {}, square({ tenantId, month: months[column] ?? "", dataType }, cell, row, column)),
      ),
    ),
  );
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      { class: "map", keydown: moveFocus },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }), ...heads)),
      h("tbody", {}, ...lines),
    ),
  );
}

/**
 * @param {{ tenantId: string, month: string, dataType: string }} partition
 * @param {CoverageCell | null} cell
 * @param {number} row
 * @param {number} column
 */
function square(partition, cell, row, column) {
  const [state, rows, documents] = cell ?? ["none", null, 0];
  const [letter, meaning] = states[state] ?? ["", "no logs"];
  const said =
    cell === null
      ? `${partition.month}: no logs`
      : `${partition.month}: ${meaning}; ${counted(rows)} in PostgreSQL, ${counted(documents)} in Elasticsearch`;
  return h(
    "button",
    {
      type: "button",
      class: `cell ${state}`,
      title: said,
      "aria-label": `${partition.tenantId} ${said}`,
      "data-row": row,
      "data-column": column,
      tabindex: row === 0 && column === 0 ? 0 : -1,
      click: () => void showMonth(partition, cell),
    },
    letter,
  );
}

/** @param {HTMLElement} map */
function focused(map) {
  const { activeElement } = document;
  if (!(activeElement instanceof HTMLElement) || !map.contains(activeElement)) return undefined;
  const { row, column } = activeElement.dataset;
  return row === undefined ? undefined : { row: Number(row), column: Number(column) };
}

/** @param {HTMLElement} map @param {{ row: number, column: number }} place */
function focus(map, { row, column }) {
  const next = map.querySelector(`[data-row="${row}"][data-column="${column}"]`);
  if (!(next instanceof HTMLElement)) return;
  for (const other of map.querySelectorAll('.cell[tabindex="0"]')) other.setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
}

/** @type {Record<string, readonly [rows: number, columns: number]>} */
const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** @param {KeyboardEvent} event */
function moveFocus(event) {
  const step = steps[event.key];
  const map = event.currentTarget;
  const place = map instanceof HTMLElement ? focused(map) : undefined;
  if (step === undefined || place === undefined || !(map instanceof HTMLElement)) return;
  event.preventDefault();
  focus(map, { row: place.row + step[0], column: place.column + step[1] });
}

/**
 * @param {CoveragePage} page
 * @param {{ from: number, monthsBack: number, go: Shown["go"] }} shown
 */
function pagers({ tenantsFound, months, monthsInAll }, { from, monthsBack, go }) {
  const tenants = { from, limit: tenantsShown, total: tenantsFound };
  const back = { from: monthsBack, limit: monthsShown, total: monthsInAll };
  return [
    h("div", {}, "Tenants", pager({ ...tenants, go: (next) => go({ from: String(next) }) })),
    months.length < monthsInAll &&
      h("div", {}, "Months", pager({ ...back, go: (next) => go({ monthsBack: String(next) }) })),
  ];
}

/** @param {any} page */
function summaryOf({ asOf, counts, summary }) {
  const { problems, templates, tables, capture, recordErrors, indices, nextSweep, notes, archive } = summary;
  return [
    h("h2", {}, "The archive"),
    ...problems.map((/** @type {string} */ text) => message(text, "bad")),
    facts([
      ["as of", `${at(asOf)}, rows ${counts === "exact" ? "counted" : "estimated"}`],
      ["archive", archive],
      ["indices", `${counted(indices.count)}, ${sized(indices.bytes)}`],
      ...tables.map((/** @type {any} */ { dataType, rows, bytes }) => [
        `${dataType} in PostgreSQL`,
        `about ${counted(rows)} rows, ${sized(bytes)}`,
      ]),
      ["record errors", recordErrors > 0 ? h("a", { href: "#/errors" }, counted(recordErrors)) : "none"],
      [
        "capture",
        capture.installed
          ? `installed, ${counted(capture.dirtyRows)} writes wait`
          : "not installed: changes are found by the next migrate only",
      ],
      ["templates", templates.map((/** @type {any} */ { name, state }) => `${name} ${state}`).join(", ")],
      ["next sweep", nextSweep === null ? "none is scheduled" : at(nextSweep)],
    ]),
    ...notes.map((/** @type {string} */ note) => h("p", { class: "faint" }, note)),
  ];
}

/**
 * @param {{ tenantId: string, month: string, dataType: string }} partition
 * @param {CoverageCell | null} cell
 */
async function showMonth(partition, cell) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("dialog"));
  const body = h("div", {}, h("p", {}, "Reading …"));
  fill(
    dialog,
    h("h2", { id: "dialog-title" }, `${partition.dataType} of ${partition.month}`),
    facts([
      ["tenant", partition.tenantId],
      ["rows in PostgreSQL", cell === null ? "none" : counted(cell[1])],
      ["documents in Elasticsearch", cell === null ? "none" : counted(cell[2])],
    ]),
    body,
    h("button", { type: "button", click: () => dialog.close() }, "Close"),
  );
  dialog.showModal();
  try {
    fill(body, ...monthFacts(await get("coverage/month", partition)));
  } catch (error) {
    fill(body, message(error instanceof Error ? error.message : String(error), "bad"));
  }
}

/** @param {PartitionFacts} found */
function monthFacts({ tenantId, index, copied, proof, lastRunId, recordErrors, dataType }) {
  const proven =
    proof === null
      ? "none holds: app elasticsearch validate --full makes one"
      : `${counted(proof.rows)} rows compared column by column, ${at(proof.provedAt)}; nothing was written since`;
  return [
    facts([
      ["proof", proven],
      ["state", copied?.state ?? "nothing was copied"],
      ["rows copied", copied === null ? null : `${counted(copied.copiedRows)}, ${sized(copied.copiedBytes)}`],
      ["purged", copied?.wasPurged ? "rows of it were purged from PostgreSQL" : null],
      ["index", index?.name ?? "none"],
      ["on disk", index === null ? null : `${sized(index.bytes)} in ${index.shards} shards`],
      ["index takes documents", takesDocuments(index)],
      [
        "record errors",
        recordErrors === 0
          ? "none"
          : h("a", { href: `#/errors?tenantId=${tenantId}&dataType=${dataType}` }, counted(recordErrors)),
      ],
      ["last run", lastRunId === null ? null : h("a", { href: `#/run?id=${lastRunId}` }, lastRunId)],
    ]),
  ];
}

/** @param {{ blocked: string | null, isSealed: boolean } | null} index */
function takesDocuments(index) {
  if (index === null) return null;
  if (index.blocked !== null) return index.blocked;
  return index.isSealed ? "sealed until something is written into it" : "yes";
}
