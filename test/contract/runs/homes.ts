import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createPool } from "../../../src/stores/postgres/connection/pool.ts";
import { stateDatabase } from "../../../src/workflow-logs/state/database.ts";
import { upgradeState } from "../../../src/workflow-logs/state/upgrade.ts";
import { createDatabase } from "../../support/database.ts";
import { memoryHome } from "../../support/memory-home.ts";
import { openHome, type OpenHome } from "./homes-by-address.ts";

/** Every adapter, each with a home of its own that is empty. */
export const adapters: Readonly<Record<string, () => Promise<OpenHome>>> = {
  memory: async () => ({ home: memoryHome(), address: undefined, close: async () => {} }),
  postgresql: async () => {
    const database = await createDatabase();
    const pool = createPool(database.url, 1);
    await upgradeState(stateDatabase(pool));
    await pool.end();
    const opened = await openHome(database.url);
    return { ...opened, close: () => opened.close().then(database.drop) };
  },
  sqlite: async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "log-archive-"));
    const opened = await openHome(path.join(folder, "state.db"));
    return { ...opened, close: () => opened.close().then(() => rm(folder, { recursive: true })) };
  },
};
