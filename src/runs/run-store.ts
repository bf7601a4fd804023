import type { RequestedState, RunLimits, RunRecord, RunStatus } from "./run-record.ts";

export interface NewRun {
  readonly id: string;
  readonly command: string;
  readonly options: object;
  readonly limits: RunLimits;
}

/** What a run is to obey. */
export interface RunRequest {
  readonly state: RequestedState;
  readonly limits: RunLimits;
}

export interface RunEnd {
  readonly status: RunStatus;
  readonly report: object;
  readonly error?: string | undefined;
}

/**
 * Port: where runs are recorded. Each method is one short transaction, durable when it resolves. A store may be used by
 * many processes at once. Liveness is read from the locks of the same home: a run that was never ended lives while
 * somebody holds `runLockName(id)`.
 */
export interface RunStore {
  /** The run is running from now on. The caller holds its lock. */
  create(run: NewRun): Promise<void>;
  /**
   * The run is running again, with its limits and what was asked of it, but for an abort with `forgetAbort`. The caller
   * holds its lock.
   */
  reopen(id: string, how?: { readonly forgetAbort: boolean }): Promise<void>;
  /** Throws when there is no such run. */
  readRequest(id: string): Promise<RunRequest>;
  /** Stores the report as it stands, why the run waits, and that it lives. */
  heartbeat(id: string, now: { readonly report: object; readonly waiting: string | undefined }): Promise<void>;
  finish(id: string, end: RunEnd): Promise<void>;
  /**
   * Asks a run under way for a state, for other limits (those not named stay), or both. False, and nothing is changed,
   * when it has ended or was told to abort before.
   */
  request(
    id: string,
    wanted: { readonly state?: RequestedState | undefined; readonly limits?: RunLimits | undefined },
  ): Promise<boolean>;
  /** The run whose id is this or begins with it; undefined when there is none or more than one. */
  find(idOrStart: string): Promise<RunRecord | undefined>;
  /** The newest runs first. */
  list(limit: number): Promise<RunRecord[]>;
  /** Whether a run of one of these commands is alive, other than `exceptId`. */
  isAtWork(commands: readonly string[], exceptId?: string): Promise<boolean>;
}
