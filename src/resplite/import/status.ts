import { importReport, type ImportReport } from "./import-report.ts";
import { importStages, type ImportStage, isAtWork } from "./import-home.ts";
import { openKnownImport } from "./known-import.ts";
import { isTracking } from "./tracker/tracker.ts";
import { knownRun } from "./run-record.ts";

export interface ImportStatusReport extends ImportReport {
  readonly atWork: readonly ImportStage[];
  readonly isTracked: boolean;
  readonly lastError: string | null;
}

/** How a run is, whoever works on it. @throws UsageError unknown_run */
export async function importStatus(path: string, runId: string): Promise<ImportStatusReport> {
  using data = openKnownImport(path, runId);
  const before = knownRun(data.file, runId);
  return {
    ...importReport(data.file, runId, { started: performance.now(), before }),
    atWork: importStages.filter((stage) => isAtWork(path, runId, stage)),
    isTracked: isTracking(path, runId),
    lastError: before.last_error,
  };
}
