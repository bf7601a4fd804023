import { get } from "../api.js";
import { fill, h, marked, message } from "../dom.js";
import { at, counted, lasting } from "../format.js";

/** @type {readonly (readonly [name: string, label: string, size: number])[]} */
const fields = [
  ["query", 'words, "a phrase", or an id', 40],
  ["tenantId", "tenant id", 36],
  ["appId", "app id", 36],
  ["status", "status", 12],
  ["user", "user id", 20],
  ["session", "session", 16],
  ["startDate", "from", 12],
  ["endDate", "up to", 12],
  ["longerThan", "at least seconds", 6],
];

/** @type {import("../main.js").Page} */
export const search = {
  title: "Search",
  inNavigation: true,
  async show({ main, query, go, signal }) {
    const inputs = fields.map(([name, , size]) =>
      h("input", { name, size, value: query.get(name) ?? "", spellcheck: "false" }),
    );
    const failed = h("input", { type: "checkbox", name: "failed", checked: query.get("failed") === "true" });
    /** @param {SubmitEvent} event */
    const send = (event) => {
      event.preventDefault();
      const given = Object.fromEntries(inputs.map(({ name, value }) => [name, value.trim()]));
      go({ ...given, failed: failed.checked ? "true" : undefined });
    };
    const hits = h("div");
    fill(
      main,
      h(
        "form",
        { class: "filters", submit: send },
        ...fields.map(([, label], at_) => h("label", {}, label, inputs[at_])),
        h("label", { class: "check" }, failed, "failed only"),
        h("button", { type: "submit" }, "Search"),
      ),
      hits,
    );
    inputs[0]?.focus();
    if ([...query].length === 0) return;
    fill(hits, h("p", { class: "faint" }, "Searching …"));
    const { total, hits: found } = await get("search", { ...Object.fromEntries(query), limit: 50 }, signal);
    fill(
      hits,
      total === 0
        ? message("Nothing was found. What was written within the last refresh interval is not searched yet.")
        : h("p", {}, `${counted(found.length)} of ${counted(total)} found`),
      ...found.map(hit),
    );
  },
};

/** @param {any} found */
function hit({ dataType, id, tenantId, createdAt, status, title, elapsedSeconds, workflowRunId, highlight }) {
  const to = workflowRunId === null ? undefined : `#/log?${new URLSearchParams({ run: workflowRunId, tenantId })}`;
  const took = elapsedSeconds === null ? "" : `, ${lasting(elapsedSeconds)}`;
  return h(
    "article",
    { class: "card" },
    h(
      "div",
      {},
      to === undefined ? id : h("a", { href: to }, title ?? id),
      h("span", { class: "faint" }, ` ${dataType}`),
    ),
    h("div", { class: "faint" }, `${at(createdAt)}, ${status ?? "no status"}${took}, tenant ${tenantId}, ${id}`),
    ...highlight.map((/** @type {string} */ passage) => h("p", {}, "… ", marked(passage), " …")),
  );
}
