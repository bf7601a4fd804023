import { z } from "zod";
import { UsageError } from "../../../../engine/errors.ts";
import type { Connections } from "../../../../workflow-logs/connections.ts";
import { dataTypes } from "../../../../workflow-logs/partitions/log-types.ts";
import { mostRetentionDays, type RetentionOptions } from "../../../../workflow-logs/retention/options.ts";
import { hasFaults } from "../../../../workflow-logs/retention/report.ts";
import { command } from "../../../command.ts";
import type { CommandContext } from "../../../context.ts";
import { exitCodes } from "../../../exit-codes.ts";
import { operator } from "../../../../runs/operator.ts";
import { toggle, value } from "../../../options/flags.ts";
import { tenantIds as tenantIdFlag } from "../../../options/scope.ts";
import { wholeNumber } from "../../../options/values.ts";
import { printArchiveReport } from "../print-archive-report.ts";
import { storesConfig, withStores } from "../../../wiring.ts";
import { whatWouldGo, wordOfConsent } from "./consent.ts";
import { sweepText } from "./sweep-text.ts";

export default command({
  flags: {
    tenantId: tenantIdFlag,
    retentionDays: value(
      "where retention set says nothing else; holds and set days always win",
      wholeNumber(0, mostRetentionDays).optional(),
      { shownDefault: "ELASTICSEARCH_RETENTION_DAYS" },
    ),
    dryRun: toggle("say what would go and what stays, and change nothing"),
    snapshotRepository: value("take a snapshot there, verify it, and only then delete", z.string().min(1).optional()),
  },
  examples: [["elasticsearch retention sweep --dry-run", "what would go now, and why the rest stays"]],
  config: storesConfig,
  run: (given, context) =>
    withStores(context, async (connections) => {
      const { retentionSweep } = await import("../../../../workflow-logs/retention/retention-sweep.ts");
      const options: RetentionOptions = {
        tenantIds: [...new Set(given.tenantId)],
        dataTypes,
        retentionDays: given.retentionDays,
        dryRun: given.dryRun ?? false,
        snapshotRepository: given.snapshotRepository,
        operator: operator(),
      };
      if (!options.dryRun) await agree(connections, options, context);
      const report = await retentionSweep(connections, options, context);
      const code = hasFaults(report) ? exitCodes.findings : exitCodes.done;
      return printArchiveReport(context, connections, report, (width) => sweepText(report, width), code);
    }),
});

/** Shows what would go and asks for a word; a retention of nothing needs --yes and its tenant named beforehand. */
async function agree(connections: Connections, options: RetentionOptions, context: CommandContext): Promise<void> {
  const { tenantIds, retentionDays } = options;
  if (retentionDays === 0 && (!context.yes || tenantIds.length === 0)) {
    throw new UsageError("retention_of_nothing", "A retention of 0 days drops every month that has ended.", {
      hint: "If that is meant, name the tenant with --tenant-id and add --yes. Nothing was changed.",
    });
  }
  if (context.yes) return;
  const { isNothing, indices, warning } = await whatWouldGo(connections, options, context.signal);
  if (isNothing) return;
  await context.confirmByTyping(`Delete ${indices} from Elasticsearch?${warning}`, wordOfConsent(tenantIds));
}
