import type { SearchHit, SearchReport } from "../../../workflow-logs/search/search-logs.ts";
import { z } from "zod";
import { command } from "../../command.ts";
import { repeated, value } from "../../options/flags.ts";
import { orderedDates, scopeFlags, scopeOf } from "../../options/scope.ts";
import { oneOf, wholeNumber } from "../../options/values.ts";
import { formatCount } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { storesConfig, withStores } from "../../wiring.ts";

export default command({
  flags: {
    query: value(
      'words that must all be found, and "phrases" in quotes; or an id',
      z.string().regex(/[^\s"]/, "has nothing to search for"),
    ),
    ...scopeFlags,
    status: repeated("only logs with this status", z.array(z.string()).default([])),
    limit: value("how many", wholeNumber(1, 1000).default(20)),
    sort: value("by time, newest first, or by relevance", oneOf("time", "relevance").default("time")),
  },
  check: (schema) => schema.refine(...orderedDates),
  examples: [
    ["elasticsearch search '\"payment failed\" timeout' --status failed", "a phrase and a word, in failed logs"],
  ],
  config: storesConfig,
  run: ({ query, status, limit, sort, ...scope }, context) =>
    withStores(context, async (connections) => {
      const { searchLogs } = await import("../../../workflow-logs/search/search-logs.ts");
      const options = { query, scope: scopeOf(scope), statuses: status, limit, sort };
      const report = await searchLogs(connections, options);
      context.output.result(report, () => searchText(report));
    }),
});

function searchText({ total, hits }: SearchReport): string {
  if (total === 0) return "Nothing was found. What was written within the last refresh interval is not searched yet.";
  return [...hits.map(hitText), `${formatCount(hits.length)} of ${formatCount(total)} found`].join("\n\n");
}

function hitText({ dataType, id, tenantId, createdAt, status, highlight }: SearchHit): string {
  const head = [createdAt ?? "-", dataType, status ?? "-", id, `tenant ${tenantId}`].map(printable).join("  ");
  const passages = highlight.map((passage) => `    … ${printable(passage).replace(/\s+/g, " ")} …`);
  return [head, ...passages].join("\n");
}
