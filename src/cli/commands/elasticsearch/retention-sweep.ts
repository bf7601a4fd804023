import type { Command } from "commander";
import { z } from "zod";
import { UsageError } from "../../../engine/errors.ts";
import type { Connections } from "../../../workflow-logs/connections.ts";
import { dataTypes } from "../../../workflow-logs/partitions/log-types.ts";
import { mostRetentionDays, type RetentionOptions } from "../../../workflow-logs/retention/options.ts";
import { hasFaults } from "../../../workflow-logs/retention/report.ts";
import { retentionSweep } from "../../../workflow-logs/retention/retention-sweep.ts";
import type { CommandContext } from "../../context.ts";
import { exitCodes } from "../../exit-codes.ts";
import { operator } from "../../operator.ts";
import { scopeShape, tenantIdOption, wholeNumber } from "../../options.ts";
import { printReport } from "../../print-report.ts";
import { action, type Session } from "../../run-command.ts";
import { withStores } from "../../wiring.ts";
import { sweepText } from "./retention-sweep-text.ts";
import { whatWouldGo, wordOfConsent } from "./sweep-consent.ts";

const shape = z.object({
  tenantId: scopeShape.tenantId,
  retentionDays: wholeNumber(0, mostRetentionDays).optional(),
  dryRun: z.literal(true).optional(),
  snapshotRepository: z.string().min(1).optional(),
});

export function addRetentionSweep(retention: Command, session: Session): void {
  retention
    .command("sweep")
    .description(
      "Delete from Elasticsearch the months whose newest document is past its retention; PostgreSQL is left alone",
    )
    .addOption(tenantIdOption())
    .option(
      "--retention-days <days>",
      "where retention set says nothing else (default: ELASTICSEARCH_RETENTION_DAYS); holds and set days always win",
    )
    .option("--dry-run", "say what would go and what stays, and change nothing")
    .option("--snapshot-repository <name>", "take a snapshot there, verify it, and only then delete")
    .action(
      action(session, {
        options: shape,
        run: (given, context) =>
          withStores(context, async (connections) => {
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
            return printReport(context, report, () => sweepText(report), code);
          }),
      }),
    );
}

/** Shows what would go and asks for a word; a retention of nothing needs --yes and its tenant named beforehand. */
async function agree(connections: Connections, options: RetentionOptions, context: CommandContext): Promise<void> {
  const { tenantIds, retentionDays } = options;
  if (retentionDays === 0 && (!context.yes || tenantIds.length === 0)) {
    throw new UsageError("retention_of_nothing", "A retention of 0 days drops every month that has ended.", {
      hint: "If that is meant, name the tenant with --tenant-id and add --yes. Nothing was changed.",
    });
  }
  if (context.yes) return;
  const { indices, warning } = await whatWouldGo(connections, options, context.signal);
  await context.confirmByTyping(`Delete ${indices} from Elasticsearch?${warning}`, wordOfConsent(tenantIds));
}
