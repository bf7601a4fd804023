import type { RunLocks } from "./run-locks.ts";
import type { RunStore } from "./run-store.ts";

/** Where the runs of a pipeline are recorded and locked: a database server, or a state file beside its user. */
export interface RunHome {
  /** What tells it from other homes: `postgresql`, or the path of the file. */
  readonly name: string;
  readonly runs: RunStore;
  openLocks(): Promise<RunLocks>;
  /** Done by each run when it has begun, before its work; a run whose start fails has failed. */
  onStart?(): Promise<void>;
}
