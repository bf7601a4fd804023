import type { AskedHome } from "../runs/all-homes.ts";
import type { RunHome } from "../runs/run-home.ts";
import { AdvisoryLocks } from "../stores/postgres/advisory-locks.ts";
import { PostgresRunStore } from "../stores/postgres/run-store.ts";
import { voidUnrecorded } from "./capture/void-unrecorded.ts";
import { type Connections, describeStoreError } from "./connections.ts";
import type { StateDatabase } from "./state/database.ts";
import { appliedMigrations } from "./state/upgrade.ts";

/** The runs of this pipeline live beside the logs, in `log_archive.runs`; each begins by noticing what capture has missed. */
export function archiveHome({ postgres, state }: Pick<Connections, "postgres" | "state">): RunHome {
  return {
    name: "postgresql",
    runs: new PostgresRunStore(state),
    openLocks: () => AdvisoryLocks.open(postgres),
    onStart: () => voidUnrecorded({ postgres, state }),
  };
}

/** The runs of this pipeline as one of the homes to be asked; a database that has none of our tables has no runs. */
export function askedArchive(state: StateDatabase): AskedHome {
  return {
    name: "postgresql",
    runs: async () => ((await appliedMigrations(state)).length > 0 ? new PostgresRunStore(state) : undefined),
    describe: describeStoreError,
  };
}
