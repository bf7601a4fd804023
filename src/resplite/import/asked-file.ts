import type { AskedHome } from "../../runs/all-homes.ts";
import type { RunRecord } from "../../runs/run-record.ts";
import { openSqliteFile } from "../../stores/sqlite/file.ts";
import type { Data } from "../data/data.ts";
import { openImportFile } from "./import-file.ts";
import { importStages, ImportRunStore, isAtWork } from "./import-home.ts";
import { requireFile } from "./known-import.ts";

/**
 * The imports into the file at `path` as one of the homes that `app runs` asks. A file that is no destination of an
 * import is left as it is, and has no runs. Throws UsageError when there is no such file. Close it when you are done.
 */
export function askedImportFile(path: string): AskedHome & { close(): void } {
  requireFile(path);
  let data: Data | undefined;
  return {
    name: path,
    async runs() {
      if (data === undefined && isDestination(path)) data = openImportFile(path);
      return data && importRuns(data, path);
    },
    describe: (error) => error,
    close: () => data?.close(),
  };
}

function importRuns(data: Data, path: string) {
  const storeOf = (runId: string): ImportRunStore => {
    const stage = importStages.find((one) => isAtWork(path, runId, one));
    return new ImportRunStore(data, path, runId, stage ?? "bulk");
  };
  const ids = (where: string, ...values: (string | number)[]): string[] =>
    data.file
      .prepare(`SELECT run_id FROM migration_runs ${where}`)
      .all(...values)
      .map((row) => row["run_id"] as string);
  return {
    async find(idOrStart: string): Promise<RunRecord | undefined> {
      const meant = ids("WHERE substr(run_id, 1, length(?1)) = ?1 ORDER BY run_id = ?1 DESC LIMIT 2", idOrStart);
      const [runId] = meant;
      if (runId === undefined || (meant.length > 1 && runId !== idOrStart)) return undefined;
      return storeOf(runId).find(runId);
    },
    async list(limit: number): Promise<RunRecord[]> {
      const newest = ids("ORDER BY started_at DESC, run_id LIMIT ?", limit);
      return (await Promise.all(newest.map((runId) => storeOf(runId).list()))).flat();
    },
    request: (runId: string, wanted: Parameters<ImportRunStore["request"]>[1]): Promise<boolean> =>
      storeOf(runId).request(runId, wanted),
  };
}

/** Looks without writing: a file that serves Redis clients, or another program, is not given our tables. */
function isDestination(path: string): boolean {
  const file = openSqliteFile(path, { readOnly: true });
  try {
    return file.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'migration_run_details'").get() !== undefined;
  } finally {
    file.close();
  }
}
