import { setTimeout as sleep } from "node:timers/promises";

/**
 * Resolves when `work` does, or at the deadline. Until then the process stays alive, whatever else does: Node would end
 * in the middle of an await that only waits for timers which do not keep it alive.
 */
export async function within(deadlineMillis: number, work: Promise<void>): Promise<void> {
  const done = new AbortController();
  const deadline = sleep(deadlineMillis, undefined, { signal: done.signal }).catch(() => {});
  try {
    await Promise.race([work, deadline]);
  } finally {
    done.abort();
  }
}
