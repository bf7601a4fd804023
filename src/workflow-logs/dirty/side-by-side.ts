/** Does `work` for every item, so many at once. The first failure ends the others after what they are at, and is thrown when they have ended. */
export async function sideBySide<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const queue = [...items];
  const results: R[] = [];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results.push(await work(next));
  };
  const stopped = (error: unknown): never => {
    queue.length = 0;
    throw error;
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, () => worker().catch(stopped)));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return results;
}
