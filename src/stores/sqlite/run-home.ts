import type { AskedHome } from "../../runs/all-homes.ts";
import type { RunHome } from "../../runs/run-home.ts";
import { SqliteRunStore } from "./run-store.ts";
import { SqliteLocks } from "./sqlite-locks.ts";
import { openExistingStateFile, type StateFile } from "./state-file.ts";

/** The home of pipelines without a PostgreSQL. The caller keeps the file open until the run has ended. */
export function sqliteHome(state: StateFile): RunHome {
  return { name: state.path, runs: new SqliteRunStore(state), openLocks: () => SqliteLocks.open(state) };
}

/**
 * The state file at `path` as one of the homes to be asked, which has no runs while it does not exist. Close it when
 * you are done.
 */
export function askedStateFile(path: string): AskedHome & { close(): void } {
  let state: StateFile | undefined;
  return {
    name: path,
    runs: async () => {
      state ??= await openExistingStateFile(path);
      return state && new SqliteRunStore(state);
    },
    describe: (error) => error,
    close: () => state?.close(),
  };
}
