import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CacheState } from "../../../src/llm-cache/cache-state.ts";
import { sqliteCheckpoints } from "../../../src/stores/sqlite/checkpoint-store.ts";
import { SqliteRecordErrors } from "../../../src/stores/sqlite/record-errors.ts";
import { sqliteHome } from "../../../src/stores/sqlite/run-home.ts";
import { openStateFile } from "../../../src/stores/sqlite/state-file.ts";

/** A state file of its own. */
export async function temporaryState(): Promise<CacheState & { path: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "llm-state-"));
  const path = join(folder, "state.db");
  const file = await openStateFile(path);
  return {
    path,
    home: sqliteHome(file),
    checkpoints: sqliteCheckpoints(file),
    errors: new SqliteRecordErrors(file),
    remove: async () => {
      file.close();
      await rm(folder, { recursive: true });
    },
  };
}
