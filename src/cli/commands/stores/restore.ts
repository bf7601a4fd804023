import type { RestoreReport } from "../../../layra/backup/restore.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { toggle, value } from "../../options/flags.ts";
import { anyText } from "../../options/values.ts";
import { printable } from "../../output/printable.ts";
import { formatTable } from "../../output/table.ts";
import { printReport } from "../../print-report.ts";
import { onlyFlag, timeoutFlag, withStores } from "./connect.ts";
import { backupConfig, openPlace, placeOption } from "./place.ts";

export default command({
  flags: {
    from: value("folder, or s3://bucket/prefix, with backups", placeOption),
    id: value("this backup instead of the newest finished one", anyText.optional()),
    only: onlyFlag,
    overwrite: toggle("write over what is there; without it, stores that hold something else are refused"),
    dryRun: toggle("verify the backup and say what would be done"),
    timeout: timeoutFlag(60),
  },
  config: backupConfig,
  examples: [["stores restore --from /backup/layra --only mongodb,minio", "two of the stores"]],
  run: async ({ from, id, only, overwrite = false, dryRun = false, timeout }, context) => {
    const place = await openPlace(context, from);
    const { newestBackup } = await import("../../../layra/backup/manifest.ts");
    const wanted = await newestBackup(place, id);
    if (overwrite && !dryRun)
      await context.confirmByTyping(`What the backup ${wanted} has is written over what the stores have.`, "overwrite");
    const { openStateFile } = await import("../../../stores/sqlite/state-file.ts");
    const { sqliteHome } = await import("../../../stores/sqlite/run-home.ts");
    const { sqliteCheckpoints } = await import("../../../stores/sqlite/checkpoint-store.ts");
    using file = await openStateFile(context.config.stateFile);
    return await withStores(context, timeout, async (stores) => {
      const { restore } = await import("../../../layra/backup/restore.ts");
      const state = { home: sqliteHome(file), checkpoints: sqliteCheckpoints(file) };
      const request = { only, overwrite, dryRun };
      const report = await restore(stores, place, wanted, state, request, context);
      const code = report.status === "completed_with_errors" ? exitCodes.findings : exitCodes.done;
      return printReport(context, report, (width) => restoreText(report, width), code);
    });
  },
});

function restoreText(report: RestoreReport, width: number | undefined): string {
  const rows = report.sections.map(({ store, name, state, written, expired, comparison }) => [
    store,
    name,
    state.replaceAll("_", " "),
    written,
    expired,
    comparison?.missing,
    comparison?.different,
    comparison?.extra,
  ]);
  const last = {
    dry_run: "Dry run: nothing was written.",
    interrupted: "Stopped. The same command goes on.",
    completed: `✓ The stores hold what the backup ${report.id} holds`,
    completed_with_errors: `⚠ The stores do not hold just what the backup ${report.id} holds`,
  };
  return [
    formatTable(["store", "section", "state", "written", "expired", "missing", "different", "extra"], rows, { width }),
    ...report.refused.first.map(({ id, reason }) => `⚠ ${printable(id)}: ${printable(reason)}`),
    last[report.status],
  ].join("\n");
}
