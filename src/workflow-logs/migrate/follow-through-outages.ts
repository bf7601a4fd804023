import { inRun, type RunDescription } from "../../runs/run.ts";
import { archiveHome } from "../run-home.ts";
import { copyRun } from "../copying/copy-run.ts";
import type { Migration } from "./migration.ts";
import { inspectSources } from "../partitions/source-schema.ts";
import { BackOff } from "../dirty/back-off.ts";
import { dirtyRun, refreshWritten } from "../dirty/dirty-run.ts";
import { follow } from "./follow.ts";
import { passingFailure } from "../dirty/passing-failures.ts";

/**
 * Goes on with the migration's run and follows the platform until the run is stopped. When PostgreSQL goes away, and
 * with it the run's locks, it is tried again with growing pauses, without limit. Throws AppError for a failure that
 * does not pass.
 */
export async function followThroughOutages(
  { connections, options, counters, dirty: applied, watch }: Migration,
  description: RunDescription,
): Promise<"interrupted"> {
  const backOff = new BackOff();
  while (!watch.signal.aborted) {
    try {
      const continued = { ...description, continues: counters.report.runId! };
      return await inRun(archiveHome(connections, watch), continued, watch, async (run) => {
        const sources = await inspectSources(connections.postgres, options.scope);
        const copy = copyRun(connections, options, run, counters, watch.progress);
        const dirty = dirtyRun(copy, sources, options.followDeletes === true, applied);
        await follow(dirty, counters, backOff);
        await refreshWritten(dirty);
        return "interrupted";
      });
    } catch (error) {
      const failure = passingFailure(error);
      if (failure === undefined) throw error;
      counters.interrupted(failure.message);
      watch.progress.note(`${failure.message} Trying again.`);
      await backOff.pause(watch.signal);
    }
  }
  return "interrupted";
}
