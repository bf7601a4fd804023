import { pino } from "pino";
import { backup } from "../../src/layra/backup/backup.ts";
import { folderPlace } from "../../src/layra/backup/place.ts";
import { workBackups } from "../../src/layra/backup/schedule.ts";
import { connectStores, type StoresOptions } from "../../src/layra/stores.ts";
import { noProgress } from "../../src/runs/progress.ts";
import { createPool } from "../../src/stores/postgres/connection/pool.ts";
import { openStateFile } from "../../src/stores/sqlite/state-file.ts";
import { sqliteHome } from "../../src/stores/sqlite/run-home.ts";
import { shortTimings } from "./scheduled-sweeps.ts";

export interface BackupWorkerArguments {
  readonly databaseUrl: string;
  readonly stores: StoresOptions;
  readonly stateFile: string;
  readonly bytesPerSecond?: number;
}

// A worker of scheduled backups as a process of its own, with the shortest times that pg-boss allows.

const {
  databaseUrl,
  stores: options,
  stateFile,
  bytesPerSecond,
} = JSON.parse(process.argv[2]!) as BackupWorkerArguments;
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
const pool = createPool(databaseUrl);
const stores = connectStores(options);
using state = await openStateFile(stateFile);
await workBackups(pool, {
  signal: stop.signal,
  log: pino({ base: null }, pino.destination(2)),
  timings: shortTimings,
  backUp: ({ to, only }, signal) =>
    backup(stores, folderPlace(to), sqliteHome(state), { only, bytesPerSecond }, { signal, progress: noProgress }),
});
await stores.close();
await pool.end();
