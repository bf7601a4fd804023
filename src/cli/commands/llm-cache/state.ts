import type { CacheState } from "../../../llm-cache/cache-state.ts";
import type { CommandContext } from "../../context.ts";

/** Runs `work` with the state file open, which is made when it is not there. */
export async function withCacheState<T>(
  { config }: CommandContext<{ readonly stateFile: string }>,
  work: (state: CacheState) => Promise<T>,
): Promise<T> {
  const { openStateFile } = await import("../../../stores/sqlite/state-file.ts");
  const { sqliteHome } = await import("../../../stores/sqlite/run-home.ts");
  const { sqliteCheckpoints } = await import("../../../stores/sqlite/checkpoint-store.ts");
  const { SqliteRecordErrors } = await import("../../../stores/sqlite/record-errors.ts");
  using file = await openStateFile(config.stateFile);
  return await work({
    home: sqliteHome(file),
    checkpoints: sqliteCheckpoints(file),
    errors: new SqliteRecordErrors(file),
  });
}
