/**
 * Port: named locks that end with their process, however it ends, and never before: not when it is suspended, busy, or
 * the clock is set. No two `RunLocks` hold the same name at once, in one process or in several.
 */
export interface RunLocks {
  /** Whether the lock is ours now; false when others have it. Call only for a name that these locks do not hold. */
  tryLock(name: string): Promise<boolean>;
  unlock(name: string): Promise<void>;
  /** Aborts, with an AppError as its reason, when every lock is gone: the work under them must stop. */
  readonly lost: AbortSignal;
  /** Releases every lock; closing twice does nothing more. */
  close(): void;
}

/** The lock that the process of a run holds as long as it lives. */
export function runLockName(runId: string): string {
  return `log_archive:run:${runId}`;
}
