import type { SearchHit, SearchReport } from "../../../workflow-logs/search/search-logs.ts";
import { z } from "zod";
import { command } from "../../command.ts";
import { value } from "../../options/flags.ts";
import { orderedDates, scopeFlags, scopeOf } from "../../options/scope.ts";
import { filterFlags, filtersOf } from "../../options/search-filters.ts";
import { oneOf, wholeNumber } from "../../options/values.ts";
import { formatCount, formatDuration } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { storesConfig, withStores } from "../../wiring.ts";

export default command({
  flags: {
    query: value(
      'words that must all be found, and "phrases" in quotes; or an id. Not needed with a filter',
      z
        .string()
        .regex(/[^\s"]/, "has nothing to search for")
        .optional(),
    ),
    ...scopeFlags,
    ...filterFlags,
    limit: value("how many", wholeNumber(1, 1000).default(20)),
    sort: value("by time, newest first, or by relevance", oneOf("time", "relevance").default("time")),
  },
  check: (schema) => schema.refine(...orderedDates),
  examples: [
    ["elasticsearch search '\"payment failed\" timeout' --failed", "a phrase and a word, in failed logs"],
    [
      "elasticsearch search --session s-42 --longer-than 30 --start-date 2026-03-01T09:00Z --end-date 2026-03-01T09:30Z",
      "what one user waited for, in half an hour",
    ],
  ],
  config: storesConfig,
  run: ({ query = "", limit, sort, ...given }, context) =>
    withStores(context, async (connections) => {
      const { searchLogs } = await import("../../../workflow-logs/search/search-logs.ts");
      const options = { query, scope: scopeOf(given), ...filtersOf(given), limit, sort };
      const report = await searchLogs(connections, options);
      const { sourceSchema } = connections.archive;
      context.output.result({ ...report, sourceSchema }, () => searchText(report));
    }),
});

function searchText({ total, hits }: SearchReport): string {
  if (total === 0) return "Nothing was found. What was written within the last refresh interval is not searched yet.";
  const run = hits.find(({ workflowRunId }) => workflowRunId !== null)?.workflowRunId;
  return [
    ...hits.map(hitText),
    `${formatCount(hits.length)} of ${formatCount(total)} found`,
    ...(run === undefined || run === null ? [] : [`One run with its nodes: app elasticsearch show ${printable(run)}`]),
  ].join("\n\n");
}

function hitText(hit: SearchHit): string {
  const { dataType, id, tenantId, createdAt, status, title, elapsedSeconds, workflowRunId, highlight } = hit;
  const head = [createdAt ?? "-", dataType, status ?? "-", id, `tenant ${tenantId}`];
  const more = [
    ...(elapsedSeconds === null ? [] : [formatDuration(elapsedSeconds * 1000)]),
    ...(title === null ? [] : [title]),
    ...(workflowRunId === null || workflowRunId === id ? [] : [`run ${workflowRunId}`]),
  ];
  const passages = highlight.map((passage) => `    … ${printable(passage).replace(/\s+/g, " ")} …`);
  return [[...head, ...more].map(printable).join("  "), ...passages].join("\n");
}
