import type { RunHome } from "../../../src/runs/run-home.ts";
import { createPool } from "../../../src/stores/postgres/connection/pool.ts";
import { sqliteHome } from "../../../src/stores/sqlite/run-home.ts";
import { openStateFile } from "../../../src/stores/sqlite/state-file.ts";
import { archiveHome } from "../../../src/workflow-logs/run-home.ts";
import { stateDatabase } from "../../../src/workflow-logs/state/database.ts";

export interface OpenHome {
  readonly home: RunHome;
  /** Where another process finds it; undefined for the one in memory. */
  readonly address: string | undefined;
  close(): Promise<void>;
}

/** The home at an address, as a process of its own would open it. */
export async function openHome(address: string): Promise<OpenHome> {
  if (/^postgres(ql)?:/.test(address)) {
    const postgres = createPool(address);
    const home = archiveHome({ postgres, state: stateDatabase(postgres) });
    return { home, address, close: () => postgres.end() };
  }
  const file = await openStateFile(address);
  return { home: sqliteHome(file), address, close: async () => file.close() };
}
