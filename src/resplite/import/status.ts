import { importReport, type ImportReport } from "./import-report.ts";
import { type ImportStage, isAtWork } from "./import-home.ts";
import { openImportFile } from "./import-file.ts";
import { isTracking } from "./tracker/tracker.ts";
import { knownRun } from "./run-record.ts";
import { requireFile } from "./require-file.ts";

export interface ImportStatusReport extends ImportReport {
  readonly atWork: readonly ImportStage[];
  readonly isTracked: boolean;
  readonly lastError: string | null;
}

const stages: readonly ImportStage[] = ["bulk", "apply-dirty", "verify"];

/** How a run is, whoever works on it. @throws UsageError unknown_run */
export async function importStatus(path: string, runId: string): Promise<ImportStatusReport> {
  requireFile(path);
  using data = openImportFile(path);
  const before = knownRun(data.file, runId);
  return {
    ...importReport(data.file, runId, { started: performance.now(), before }),
    atWork: stages.filter((stage) => isAtWork(path, runId, stage)),
    isTracked: isTracking(path, runId),
    lastError: before.last_error,
  };
}
