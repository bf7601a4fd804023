import { UsageError } from "../../../engine/errors.ts";
import { toJson } from "../../../workflow-logs/repositories/records/to-json.ts";
import type { ShownNode, ShownRun } from "../../../workflow-logs/show/show-run.ts";
import { toggle, value } from "../../options/flags.ts";
import { oneTenant, scopeFlags, scopeOf } from "../../options/scope.ts";
import { filterFlags, filtersOf } from "../../options/search-filters.ts";
import { anyText, oneOf, wholeNumber } from "../../options/values.ts";
import { readQuery } from "../read-query.ts";
import { TextFile, type View, type ViewParts } from "../view.ts";

const searchFlags = {
  query: value("words and phrases", anyText.optional()),
  ...scopeFlags,
  ...filterFlags,
  limit: value("how many", wholeNumber(1, 100).default(20)),
  sort: value("order", oneOf("time", "relevance").default("time")),
};

const columns = ["inputs", "processData", "outputs", "error"] as const;

const runFlags = { run: value("the run", anyText), tenantId: { ...oneTenant, schema: oneTenant.schema.optional() } };
const pageFlags = {
  ...runFlags,
  failedFirst: toggle("failed nodes first"),
  from: value("nodes to pass over", wholeNumber(0, 1_000_000).default(0)),
  limit: value("nodes", wholeNumber(1, 200).default(50)),
};
const valueFlags = {
  ...runFlags,
  node: value("the node; the run itself without", anyText.optional()),
  column: value("which value", oneOf(...columns, "graph")),
};

/** Of each value a page has the beginning; the whole is a file of its own. */
const foldedCharacters = 2000;

/** `app elasticsearch search` and `show`. */
export function logViews({ sources }: ViewParts): View[] {
  const shown = async (run: string, tenantId: string | undefined): Promise<ShownRun> => {
    const { showRun } = await import("../../../workflow-logs/show/show-run.ts");
    return showRun(sources.archive(), run, tenantId);
  };
  return [
    {
      method: "GET",
      path: "search",
      async answer({ query }) {
        const { query: words = "", limit, sort, ...given } = readQuery(searchFlags, query);
        const { searchLogs } = await import("../../../workflow-logs/search/search-logs.ts");
        const options = { query: words, scope: scopeOf(given), ...filtersOf(given), limit, sort };
        const { total, hits } = await searchLogs(sources.archive(), options);
        return { total, hits: hits.map((hit) => ({ ...hit, title: hit.title?.slice(0, foldedCharacters) ?? null })) };
      },
    },
    {
      method: "GET",
      path: "log",
      async answer({ query }) {
        const { run: id, tenantId, failedFirst = false, from, limit } = readQuery(pageFlags, query);
        const found = await shown(id, tenantId);
        const nodes = failedFirst ? found.nodes.toSorted((a, b) => rank(a) - rank(b)) : found.nodes;
        return {
          tenantId: found.tenantId,
          run: found.run && folded(found.run),
          nodesInAll: nodes.length,
          failed: nodes.filter((node) => rank(node) === 0).length,
          from,
          nodes: nodes.slice(from, from + limit).map(folded),
        };
      },
    },
    {
      method: "GET",
      path: "log/value",
      async answer({ query }) {
        const { run: id, tenantId, node: nodeId, column } = readQuery(valueFlags, query);
        const { run, nodes } = await shown(id, tenantId);
        const record = nodeId === undefined ? run : nodes.find((node) => node.id === nodeId);
        return new TextFile(`${nodeId ?? id}-${column}.txt`, valueOf(record, column));
      },
    },
  ];
}

function rank({ status }: ShownNode): number {
  return status === "failed" || status === "exception" ? 0 : 1;
}

/** The record with the beginning of each long text, and in `cut` how many characters each of those has. */
function folded(record: object): object {
  const cut: Record<string, number> = {};
  const entries = Object.entries(toJson(record)).map(([name, member]) => {
    if (name === "offloads") return [name, (member as readonly object[]).map(folded)];
    if (typeof member !== "string" || member.length <= foldedCharacters) return [name, member];
    cut[name] = member.length;
    return [name, member.slice(0, foldedCharacters)];
  });
  return { ...Object.fromEntries(entries), cut };
}

/** With an offloaded value in the place of its preview, where the archive holds it. */
function valueOf(record: ShownNode | ShownRun["run"] | undefined, column: (typeof columns)[number] | "graph"): string {
  const known = (record ?? undefined) as (Partial<Record<string, unknown>> & Partial<ShownNode>) | undefined;
  const offloaded = known?.offloads?.find(({ type }) => type === (column === "processData" ? "process_data" : column));
  const text = offloaded?.content ?? known?.[column];
  if (typeof text === "string") return text;
  throw new UsageError("unknown_value", "The run has no such value.", {
    hint: "It may have been purged or deleted since the page was read: read it again.",
  });
}
