import { existsSync } from "node:fs";
import { UsageError } from "../../engine/errors.ts";
import type { Data } from "../data/data.ts";
import { openImportFile } from "./import-file.ts";
import { knownRun } from "./run-record.ts";

/**
 * The file of an import that was begun, for commands that look at it or steer it: they make no file. The caller closes
 * it.
 * @throws UsageError no_such_file, unknown_run
 */
export function openKnownImport(path: string, runId: string): Data {
  requireFile(path);
  const data = openImportFile(path);
  try {
    knownRun(data.file, runId);
    return data;
  } catch (error) {
    data.close();
    throw error;
  }
}

/** @throws UsageError no_such_file */
export function requireFile(path: string): void {
  if (existsSync(path)) return;
  throw new UsageError("no_such_file", `There is no file ${path}.`, {
    hint: "--to names the file that a bulk import or a tracker has made.",
  });
}
