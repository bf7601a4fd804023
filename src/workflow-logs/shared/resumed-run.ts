import { UsageError } from "../../engine/errors.ts";
import { PostgresRunStore } from "../../stores/postgres/run-store.ts";
import type { Connections } from "../connections.ts";
import { appliedMigrations } from "../state/upgrade.ts";

/** A run of workers whose process is gone, to be gone on with. */
export interface ResumedRun {
  readonly id: string;
  readonly startedAt: string;
  /** As it was started with. */
  readonly options: Record<string, unknown>;
}

/**
 * The run of this command whose id is this or begins with it. Throws UsageError when there is none, when its partitions
 * are not done by workers, and when it lives or has come to its end.
 */
export async function runToResume(
  { state }: Pick<Connections, "state">,
  command: string,
  idOrStart: string,
): Promise<ResumedRun> {
  const hasRuns = (await appliedMigrations(state)).length > 0;
  const run = hasRuns ? await new PostgresRunStore(state).find(idOrStart) : undefined;
  if (run === undefined || run.command !== command)
    throw new UsageError("unknown_run", `There is no run ${idOrStart} of app ${command}.`, {
      hint: "app runs list shows the runs.",
    });
  if (run.options["distributed"] !== true)
    throw new UsageError("run_not_distributed", `Run ${run.id} was not done by workers.`, {
      hint: "Run its command again: it goes on where it was.",
    });
  if (run.status === "running")
    throw new UsageError("run_alive", `The process of run ${run.id} lives.`, {
      hint: `It can be told to stop: app runs abort ${run.id}`,
    });
  if (run.status === "completed" || run.status === "completed_with_errors")
    throw new UsageError("run_ended", `Run ${run.id} has ended: ${run.status}.`, {
      hint: "Run its command again: it does what is new.",
    });
  return run;
}
