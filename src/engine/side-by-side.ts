/**
 * Does `work` for every item, so many at once. The first failure aborts the signal that the others were given, begins no more of them, and is thrown when
 * those have ended.
 */
export async function sideBySide<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, failed: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const queue = [...items];
  const results: R[] = [];
  const failure = new AbortController();
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      results.push(await work(next, failure.signal));
  };
  const stopped = (error: unknown): never => {
    queue.length = 0;
    failure.abort();
    throw error;
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, () => worker().catch(stopped)));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return results;
}
