import { platformStorage } from "../../../../config/sections/platform-storage.ts";
import type { MigrateOptions } from "../../../../workflow-logs/copying/options.ts";
import type { ResumedRun } from "../../../../workflow-logs/shared/resumed-run.ts";
import type { Connections } from "../../../../workflow-logs/connections.ts";
import { UsageError } from "../../../../engine/errors.ts";
import { command } from "../../../command.ts";
import { exitCodes } from "../../../exit-codes.ts";
import { orderedDates } from "../../../options/scope.ts";
import { printArchiveReport } from "../print-archive-report.ts";
import { storesConfig, withFileStorage, withStores } from "../../../wiring.ts";
import { migrateFlags, migrateOnlyFlags, migrateOptions } from "./migrate-options.ts";
import { dryRunText, migrateText } from "./migrate-text.ts";

export default command({
  flags: { ...migrateFlags, ...migrateOnlyFlags },
  check: (schema) =>
    schema
      .refine(({ follow, followDeletes }) => followDeletes === undefined || follow !== undefined, {
        path: ["followDeletes"],
        message:
          "needs --follow; for what was recorded already there is app elasticsearch apply-dirty --follow-deletes",
      })
      .refine(({ follow, dryRun }) => follow === undefined || dryRun === undefined, {
        path: ["follow"],
        message: "is nothing that a dry run can do",
      })
      .refine(({ exact, dryRun }) => exact === undefined || dryRun !== undefined, {
        path: ["exact"],
        message: "needs --dry-run; a migration always is",
      })
      .refine(({ distributed, dryRun }) => distributed === undefined || dryRun === undefined, {
        path: ["distributed"],
        message: "is nothing that a dry run can do",
      })
      .refine(({ resume, dryRun, runId }) => resume === undefined || (dryRun ?? runId) === undefined, {
        path: ["resume"],
        message: "cannot be given with --dry-run or --run-id",
      })
      .refine(...orderedDates),
  examples: [
    ["elasticsearch migrate --dry-run", "what would be copied, how long it takes and what it needs"],
    ["elasticsearch migrate --tenant-id T --start-date 2025-01-01", "one tenant from January on"],
    ["elasticsearch migrate --max-rps 500 --follow", "gently, and then stay on"],
    ["elasticsearch migrate --distributed", "by every app worker that is running"],
  ],
  config: { ...storesConfig, storage: platformStorage },
  run: (given, context) =>
    withStores(context, async (stores) => {
      const resumed = given.resume === undefined ? undefined : await resumedRun(stores, given.resume);
      const options = migrateOptions(given, resumed?.options ?? (await earlierOptions(stores, given.runId)));
      const connections = await withFileStorage(context, stores, options.offload === "inline");
      if (given.dryRun === true) {
        const { dryRun } = await import("../../../../workflow-logs/migrate/dry-run.ts");
        const plan = await dryRun(connections, options, context.signal, given.exact === true);
        context.output.result(plan.report, (width) => dryRunText(plan, width));
        return exitCodes.done;
      }
      const { migrate } = await import("../../../../workflow-logs/migrate/migrate.ts");
      const report = await migrate(connections, options, context, resumed);
      const code = report.status === "completed_with_errors" ? exitCodes.findings : exitCodes.done;
      return printArchiveReport(context, stores, report, (width) => migrateText(report, width), code);
    }),
});

async function resumedRun(stores: Connections, id: string): Promise<ResumedRun> {
  const { runToResume } = await import("../../../../workflow-logs/shared/resumed-run.ts");
  return runToResume(stores, "elasticsearch migrate", id);
}

/** The options that an earlier run was started with. */
export async function earlierOptions(
  { state }: Connections,
  runId: string | undefined,
): Promise<Partial<MigrateOptions>> {
  if (runId === undefined) return {};
  const { appliedMigrations } = await import("../../../../workflow-logs/state/upgrade.ts");
  const { PostgresRunStore } = await import("../../../../stores/postgres/run-store.ts");
  const run = (await appliedMigrations(state)).length > 0 ? await new PostgresRunStore(state).find(runId) : undefined;
  if (run?.command === "elasticsearch migrate") return run.options;
  throw new UsageError("unknown_run", `There is no migrate run ${runId}.`, { hint: "app runs list shows the runs." });
}
