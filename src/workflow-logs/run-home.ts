import type { AskedHome } from "../runs/all-homes.ts";
import type { RunWatch } from "../runs/run.ts";
import type { RunHome } from "../runs/run-home.ts";
import type { RunLocks } from "../runs/run-locks.ts";
import { AdvisoryLocks } from "../stores/postgres/advisory-locks.ts";
import { PostgresRunStore } from "../stores/postgres/run-store.ts";
import type { Archive } from "./archive/archive.ts";
import { noteClaim } from "./archive/note-claim.ts";
import { voidUnrecorded } from "./capture/void-unrecorded.ts";
import { type Connections, describeStoreError } from "./connections.ts";
import { noteLostIndices } from "./lost-copies.ts";
import type { StateDatabase } from "./state/database.ts";
import { appliedMigrations } from "./state/upgrade.ts";

/**
 * The runs of this pipeline live beside the logs, in `log_archive.runs`; each begins by noticing what capture has
 * missed, and which only copies are gone. A run has its locks only while the archive is this database's: opening them
 * throws AppError when it is another's, and losing it to a takeover is losing them. Without an archive the home is for
 * records alone.
 */
export function archiveHome(
  connections: Pick<Connections, "postgres" | "state"> | Connections,
  watch?: Pick<RunWatch, "progress">,
): RunHome {
  const { postgres, state } = connections;
  const whole = "archive" in connections ? connections : undefined;
  const note = (text: string): void => watch?.progress.note(text);
  return {
    name: "postgresql",
    runs: new PostgresRunStore(state),
    openLocks: async () => {
      if (whole === undefined) return AdvisoryLocks.open(postgres);
      noteClaim(await whole.archive.claim(), note);
      return whileClaimed(whole.archive, await AdvisoryLocks.open(postgres));
    },
    onStart: async () => {
      await voidUnrecorded({ postgres, state });
      if (whole !== undefined) await noteLostIndices(whole, note);
    },
  };
}

function whileClaimed(archive: Archive, locks: AdvisoryLocks): RunLocks {
  const refused = new AbortController();
  const letGo = archive.hold((refusal) => refused.abort(refusal));
  return {
    tryLock: (name) => locks.tryLock(name),
    unlock: (name) => locks.unlock(name),
    lost: AbortSignal.any([locks.lost, refused.signal]),
    close: () => {
      letGo();
      locks.close();
    },
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
