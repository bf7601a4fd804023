import { setTimeout as sleep } from "node:timers/promises";

interface Poll {
  readonly everyMillis: number;
  /** Without it the answer is waited for without limit. */
  readonly withinMillis?: number;
  readonly signal: AbortSignal;
}

/**
 * Asks at once and then every `everyMillis` until there is an answer, which it returns; undefined when the time is over
 * first. Rejects with AbortError when the signal aborts, and with whatever `ask` throws.
 */
export async function pollUntil<T>(
  ask: () => Promise<T | undefined>,
  { everyMillis, withinMillis = Number.POSITIVE_INFINITY, signal }: Poll,
): Promise<T | undefined> {
  const giveUp = performance.now() + withinMillis;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || performance.now() >= giveUp) return answer;
    await sleep(everyMillis, undefined, { signal });
  }
}
