import { UsageError } from "../../engine/errors.ts";
import type { RequestedState, RunLimits } from "../../runs/run-record.ts";
import { openKnownImport } from "./known-import.ts";
import { ImportRunStore, type LimitsOfStages } from "./import-home.ts";
import { detailsOf, type ImportStatus, knownRun } from "./run-record.ts";

export interface ControlledImport {
  readonly runId: string;
  readonly status: ImportStatus;
  /** Of each of its commands that has begun. */
  readonly limits: LimitsOfStages;
  readonly scanCount: number;
}

/**
 * Asks every process that works on the run; limits that are not named stay. @throws UsageError unknown_run, run_aborted
 */
export async function controlImport(
  path: string,
  runId: string,
  wanted: {
    readonly state?: RequestedState | undefined;
    readonly limits?: RunLimits | undefined;
    readonly scanCount?: number | undefined;
  },
): Promise<ControlledImport> {
  using data = openKnownImport(path, runId);
  const store = new ImportRunStore(data, path, runId, "bulk");
  if (!(await store.request(runId, wanted)))
    throw new UsageError("run_aborted", `Run ${runId} was told to abort before.`, {
      hint: "It stops when what is in flight is finished; bulk --resume goes on where it was.",
    });
  if (wanted.scanCount !== undefined)
    data.file.prepare("UPDATE migration_runs SET scan_count_hint = ? WHERE run_id = ?").run(wanted.scanCount, runId);
  const { status, scan_count_hint: scanCount } = knownRun(data.file, runId);
  const limits = JSON.parse(detailsOf(data.file, runId)!.limits) as LimitsOfStages;
  return { runId, status, limits, scanCount };
}
