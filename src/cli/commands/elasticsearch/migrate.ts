import type { Command } from "commander";
import type { Connections } from "../../../workflow-logs/connections.ts";
import { UsageError } from "../../../engine/errors.ts";
import { findRun } from "../../../workflow-logs/state/runs.ts";
import { appliedMigrations } from "../../../workflow-logs/state/upgrade.ts";
import { dryRun } from "../../../workflow-logs/migrate/dry-run.ts";
import { migrate } from "../../../workflow-logs/migrate/migrate.ts";
import type { MigrateOptions } from "../../../workflow-logs/copying/options.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printReport } from "../../print-report.ts";
import { action, type Session } from "../../run-command.ts";
import { withFileStorage, withStores } from "../../wiring.ts";
import { addMigrateOptions, migrateOptions, migrateShape } from "./migrate-options.ts";
import { dryRunText, migrateText } from "./migrate-text.ts";

export function addMigrate(group: Command, session: Session): void {
  addMigrateOptions(group.command("migrate"))
    .description("Copy workflow logs from PostgreSQL to Elasticsearch; the same command again goes on where it was")
    .option("--follow", "stay on after the copy and apply what the platform writes, until stopped; needs capture")
    .option("--follow-deletes", "with --follow: delete the documents of rows that the platform deletes")
    .option("--dry-run", "say what would be copied, and touch nothing")
    .action(
      action(session, {
        options: migrateShape,
        run: (given, context) =>
          withStores(context, async (stores) => {
            const options = migrateOptions(given, await earlierOptions(stores, given.runId));
            const connections = withFileStorage(context, stores, options.offload === "inline");
            if (given.dryRun === true) {
              const plan = await dryRun(connections, options, context.signal);
              context.output.result(plan.report, () => dryRunText(plan));
              return exitCodes.done;
            }
            const report = await migrate(connections, options, context);
            const code = report.status === "completed_with_errors" ? exitCodes.findings : exitCodes.done;
            return printReport(context, report, () => migrateText(report), code);
          }),
      }),
    );
}

/** The options that an earlier run was started with. */
export async function earlierOptions(
  { state }: Connections,
  runId: string | undefined,
): Promise<Partial<MigrateOptions>> {
  if (runId === undefined) return {};
  const run = (await appliedMigrations(state)).length > 0 ? await findRun(state, runId) : undefined;
  if (run?.command === "elasticsearch migrate") return run.options;
  throw new UsageError("unknown_run", `There is no migrate run ${runId}.`, { hint: "app runs list shows the runs." });
}
