import { type Command, Option } from "commander";
import { z } from "zod";
import { cleanupPg } from "../../../workflow-logs/cleanup/cleanup-pg.ts";
import { unreplicatedIndices } from "../../../workflow-logs/cleanup/gates.ts";
import { cleanupDefaults, type CleanupOptions } from "../../../workflow-logs/cleanup/options.ts";
import { hasUnproven } from "../../../workflow-logs/cleanup/report.ts";
import type { Connections } from "../../../workflow-logs/connections.ts";
import type { CommandContext } from "../../context.ts";
import { exitCodes } from "../../exit-codes.ts";
import { batchSize, dataTypeOption, scopeOf, scopeShape, secondsOrOff, startDate, tenantId } from "../../options.ts";
import { formatCount } from "../../output/format.ts";
import { printReport } from "../../print-report.ts";
import { action, type Session } from "../../run-command.ts";
import { withFileStorage, withStores } from "../../wiring.ts";
import { cleanupText } from "./cleanup-pg-text.ts";

const shape = z.object({
  tenantId,
  beforeDate: startDate,
  dataType: scopeShape.dataType,
  batchSize: batchSize.default(cleanupDefaults.batchRows),
  dryRun: z.literal(true).optional(),
  allowUnreplicated: z.literal(true).optional(),
  expired: z.literal(true).optional(),
  deleteOffloadedFiles: z.literal(true).optional(),
  maxLag: secondsOrOff.default(cleanupDefaults.maxLagSeconds),
});

export function addCleanupPg(group: Command, session: Session): void {
  group
    .command("cleanup-pg")
    .description("Delete logs from PostgreSQL whose documents in Elasticsearch hold the very same; the rest stays")
    .addOption(new Option("--tenant-id <id>", "of this tenant").makeOptionMandatory())
    .addOption(new Option("--before-date <date>", "created before this day or time, UTC").makeOptionMandatory())
    .addOption(dataTypeOption())
    .option("--batch-size <rows>", `rows of one transaction at most (default: ${cleanupDefaults.batchRows})`)
    .option("--dry-run", "compare and count, and delete nothing")
    .option("--allow-unreplicated", "also where Elasticsearch has a single copy and no snapshot")
    .option("--expired", "also rows of months that retention has dropped from Elasticsearch")
    .option(
      "--delete-offloaded-files",
      "also the files of purged node executions, where their content is in the document and nothing else refers to them",
    )
    .option(
      "--max-lag <seconds>",
      `wait while a standby is further behind, or off (default: ${cleanupDefaults.maxLagSeconds})`,
    )
    .action(
      action(session, {
        options: shape,
        run: (given, context) =>
          withStores(context, async (stores) => {
            const connections = withFileStorage(context, stores, given.deleteOffloadedFiles ?? false);
            const options: CleanupOptions = {
              tenantId: given.tenantId,
              before: given.beforeDate,
              dataTypes: scopeOf({ tenantId: [], dataType: given.dataType }).dataTypes,
              batchRows: given.batchSize,
              dryRun: given.dryRun ?? false,
              allowUnreplicated: given.allowUnreplicated ?? false,
              expired: given.expired ?? false,
              deleteOffloadedFiles: given.deleteOffloadedFiles ?? false,
              maxLagSeconds: given.maxLag,
            };
            const agreed = options.dryRun ? options : await agree(connections, options, context);
            const report = await cleanupPg(connections, agreed, context);
            const code = hasUnproven(report) ? exitCodes.findings : exitCodes.done;
            return printReport(context, report, () => cleanupText(report), code);
          }),
      }),
    );
}

/** Asks for the tenant id; who types it also agrees to purge what Elasticsearch has a single copy of, as the question says. */
async function agree(
  connections: Connections,
  options: CleanupOptions,
  context: CommandContext,
): Promise<CleanupOptions> {
  const what = `Delete ${options.dataTypes.join(", ")} of tenant ${options.tenantId} before ${options.before.slice(0, 16)} UTC from PostgreSQL, as far as Elasticsearch holds the same?`;
  const single = context.yes ? 0 : await unreplicatedIndices(connections, options);
  const warning = `\n${formatCount(single)} of their indices have no assigned replica and are in no snapshot: of these logs there will be a single copy.`;
  const expired = options.expired ? "\nWhat retention has dropped from Elasticsearch will be gone for good." : "";
  const files = options.deleteOffloadedFiles
    ? "\nFiles of purged node executions will be deleted from the platform's file storage where their document holds the same."
    : "";
  await context.confirmByTyping(`${what}${single > 0 ? warning : ""}${expired}${files}`, options.tenantId);
  return single > 0 ? { ...options, allowUnreplicated: true } : options;
}
