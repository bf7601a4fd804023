import type { SqliteRecordErrors } from "../../stores/sqlite/record-errors.ts";
import type { CommandContext } from "../context.ts";

/** Runs `work` with the record errors of the state file, or with undefined where there is no state file. */
export async function withStateErrors<T>(
  { config }: CommandContext<{ readonly stateFile: string }>,
  work: (errors: SqliteRecordErrors | undefined) => Promise<T>,
): Promise<T> {
  const { openExistingStateFile } = await import("../../stores/sqlite/state-file.ts");
  const { SqliteRecordErrors: Errors } = await import("../../stores/sqlite/record-errors.ts");
  using file = await openExistingStateFile(config.stateFile);
  return await work(file && new Errors(file));
}
