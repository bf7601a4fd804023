import { platformStorage } from "../../../config/sections/platform-storage.ts";
import { repositories } from "../../../config/sections/repositories.ts";
import { cleanupDefaults, type CleanupOptions } from "../../../workflow-logs/cleanup/options.ts";
import { hasUnproven } from "../../../workflow-logs/cleanup/report.ts";
import type { Connections } from "../../../workflow-logs/connections.ts";
import { hiddenLogs, hiddenLogsHint } from "../../../workflow-logs/repositories/hidden-logs.ts";
import { command } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { exitCodes } from "../../exit-codes.ts";
import { toggle, value } from "../../options/flags.ts";
import { dataTypeNames, oneTenant, scopeOf, startDate } from "../../options/scope.ts";
import { batchSize, secondsOrOff } from "../../options/values.ts";
import { formatCount } from "../../output/format.ts";
import { printArchiveReport } from "./print-archive-report.ts";
import { storesConfig, withFileStorage, withStores } from "../../wiring.ts";
import { cleanupText } from "./cleanup-pg-text.ts";

export default command({
  flags: {
    tenantId: oneTenant,
    beforeDate: value("created before this day or time, UTC", startDate),
    dataType: dataTypeNames,
    batchSize: value("rows of one transaction at most", batchSize.default(cleanupDefaults.batchRows)),
    dryRun: toggle("compare and count, and delete nothing"),
    allowUnreplicated: toggle("also where Elasticsearch has a single copy and no snapshot"),
    expired: toggle("also rows of months that retention has dropped from Elasticsearch"),
    deleteOffloadedFiles: toggle(
      "also the files of purged node executions, where their content is in the document and nothing else refers to them",
    ),
    maxLag: value(
      "wait while a standby is this many seconds behind, or off",
      secondsOrOff.default(cleanupDefaults.maxLagSeconds),
    ),
  },
  examples: [
    [
      "elasticsearch cleanup-pg --tenant-id T --before-date 2025-01-01 --dry-run",
      "what would go, and why the rest stays",
    ],
  ],
  config: { ...storesConfig, storage: platformStorage, repositories },
  run: (given, context) =>
    withStores(context, async (stores) => {
      const { cleanupPg } = await import("../../../workflow-logs/cleanup/cleanup-pg.ts");
      const connections = await withFileStorage(context, stores, given.deleteOffloadedFiles ?? false);
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
      const hidden = hiddenLogs(context.config.repositories);
      if (hidden !== undefined) context.progress.note(`⚠ WARNING: ${hidden} ${hiddenLogsHint}`);
      const agreed = options.dryRun ? options : await agree(connections, options, context);
      const report = await cleanupPg(connections, agreed, context);
      const code = hasUnproven(report) ? exitCodes.findings : exitCodes.done;
      return printArchiveReport(context, connections, report, (width) => cleanupText(report, width), code);
    }),
});

/**
 * Asks for the tenant id; who types it also agrees to purge what Elasticsearch has a single copy of, as the question
 * says.
 */
async function agree(
  connections: Connections,
  options: CleanupOptions,
  context: CommandContext,
): Promise<CleanupOptions> {
  const what = `Delete ${options.dataTypes.join(", ")} of tenant ${options.tenantId} before ${options.before.slice(0, 16)} UTC from PostgreSQL, as far as Elasticsearch holds the same?`;
  const { unreplicatedIndices } = await import("../../../workflow-logs/cleanup/gates.ts");
  const single = context.yes ? 0 : await unreplicatedIndices(connections, options);
  const warning = `\n${formatCount(single)} of their indices have no assigned replica and are in no snapshot: of these logs there will be a single copy.`;
  const expired = options.expired ? "\nWhat retention has dropped from Elasticsearch will be gone for good." : "";
  const files = options.deleteOffloadedFiles
    ? "\nFiles of purged node executions will be deleted from the platform's file storage where their document holds the same."
    : "";
  await context.confirmByTyping(`${what}${single > 0 ? warning : ""}${expired}${files}`, options.tenantId);
  return single > 0 ? { ...options, allowUnreplicated: true } : options;
}
