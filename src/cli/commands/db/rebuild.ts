import { z } from "zod";
import { operator } from "../../../runs/operator.ts";
import type { RebuildReport } from "../../../workflow-logs/rebuild/rebuild-state.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { toggle, value } from "../../options/flags.ts";
import { formatCount } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { formatTable } from "../../output/table.ts";
import { storesConfig, withStores } from "../../wiring.ts";
import { printArchiveReport } from "../elasticsearch/print-archive-report.ts";

export default command({
  flags: {
    archive: value(
      "whose indices, where those of several archives lie under the prefix",
      z.guid("is no id of an archive").optional(),
    ),
    postgresIsCurrent: toggle("rows are newer than documents: the schema alone was lost, PostgreSQL was not restored"),
  },
  examples: [["db rebuild --postgres-is-current", "log_archive was dropped, and nothing else"]],
  config: storesConfig,
  run: ({ archive: archiveId, postgresIsCurrent = false }, context) =>
    withStores(context, async (connections) => {
      const { planRebuild, rebuildState } = await import("../../../workflow-logs/rebuild/rebuild-state.ts");
      const options = { archiveId, postgresIsCurrent, operator: operator() };
      const plan = await planRebuild(connections, options);
      await context.confirm(
        `Make the state anew from ${formatCount(plan.indices.length)} indices of the archive ${plan.archiveId}, and take them over from whoever has them?`,
      );
      const report = await rebuildState(connections, plan, options, context);
      const code = report.status === "completed_with_errors" ? exitCodes.findings : exitCodes.done;
      return printArchiveReport(context, connections, report, (width) => rebuildText(report, width), code);
    }),
});

function rebuildText({ status, partitions, left, cannotKnow }: RebuildReport, width?: number): string {
  return [
    formatTable(
      ["data type", "tenant", "month", "documents", "without a row", "unknown"],
      partitions.map((one) => [one.dataType, one.tenantId, one.month, one.documents, one.purged, one.strangers]),
      { width },
    ),
    ...left.map(({ index, reason }) => printable(`⚠ ${index} was left alone: ${reason}`)),
    "",
    "What cannot be known any more:",
    ...cannotKnow.map((text) => `  - ${text}`),
    "",
    status === "interrupted"
      ? "⚠ WARNING: interrupted; drop the schema log_archive and run the same command again"
      : "The state knows these months again. Next: app elasticsearch validate --full",
  ].join("\n");
}
