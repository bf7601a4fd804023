import type { Command } from "commander";
import { z } from "zod";
import { type SearchHit, searchLogs, type SearchReport } from "../../../workflow-logs/search/search-logs.ts";
import {
  dataTypeOption,
  endDateOption,
  orderedDates,
  repeatable,
  scopeOf,
  scopeShape,
  startDateOption,
  tenantIdOption,
  wholeNumber,
} from "../../options.ts";
import { formatCount } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { action, type Session } from "../../run-command.ts";
import { withStores } from "../../wiring.ts";

const shape = z
  .object({
    ...scopeShape,
    query: z.string().regex(/[^\s"]/, "has nothing to search for"),
    status: z.array(z.string()).default([]),
    limit: wholeNumber(1, 1000),
    sort: z.enum(["time", "relevance"], 'must be "time" or "relevance"'),
  })
  .refine(...orderedDates);

export function addSearch(group: Command, session: Session): void {
  group
    .command("search")
    .argument("<query>", 'words that must all be found, and "phrases" in quotes; or an id')
    .description("Find logs by the text of their inputs, outputs, errors, titles and process data, in any language")
    .addOption(tenantIdOption())
    .addOption(dataTypeOption())
    .addOption(repeatable("--status <status>", "only logs with this status"))
    .addOption(startDateOption())
    .addOption(endDateOption())
    .option("--limit <number>", "how many", "20")
    .option("--sort <order>", "by time, newest first, or by relevance", "time")
    .action(
      action(session, {
        options: shape,
        run: ({ query, status, limit, sort, ...scope }, context) =>
          withStores(context, async (connections) => {
            const options = { query, scope: scopeOf(scope), statuses: status, limit, sort };
            const report = await searchLogs(connections, options);
            context.output.result(report, () => searchText(report));
          }),
      }),
    );
}

function searchText({ total, hits }: SearchReport): string {
  if (total === 0) return "Nothing was found. What was written within the last refresh interval is not searched yet.";
  return [...hits.map(hitText), `${formatCount(hits.length)} of ${formatCount(total)} found`].join("\n\n");
}

function hitText({ dataType, id, tenantId, createdAt, status, highlight }: SearchHit): string {
  const head = [createdAt ?? "-", dataType, status ?? "-", id, `tenant ${tenantId}`].map(printable).join("  ");
  const passages = highlight.map((passage) => `    … ${printable(passage).replace(/\s+/g, " ")} …`);
  return [head, ...passages].join("\n");
}
