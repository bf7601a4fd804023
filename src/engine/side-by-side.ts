import { isAbort } from "./errors.ts";

/**
 * Does `work` for every item, at most `atOnce` at a time. The first failure aborts the signal that the others were
 * given and begins no more of them. When those have ended it is thrown, unless it is an AbortError and another failed
 * for a reason of its own: a stop must not hide what failed.
 */
export async function sideBySide<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, failed: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const queue = [...items];
  const results: R[] = [];
  const failures: unknown[] = [];
  const stop = new AbortController();
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      results.push(await work(next, stop.signal));
  };
  const stopped = (error: unknown): void => {
    failures.push(error);
    queue.length = 0;
    stop.abort();
  };
  await Promise.all(Array.from({ length: atOnce }, () => worker().catch(stopped)));
  if (failures.length > 0) throw failures.find((failure) => !isAbort(failure)) ?? failures[0];
  return results;
}
