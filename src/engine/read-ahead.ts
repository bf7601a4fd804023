/**
 * Yields what `items` yields, in order, while up to `depth` further ones are already being fetched. An error surfaces
 * in its place. Ending early ends `items` too.
 */
export async function* readAhead<T>(items: AsyncIterable<T>, depth: number): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  const queue: Promise<IteratorResult<T>>[] = [];
  const fetch = (): void => {
    const next = iterator.next();
    next.catch(() => {}); // awaited below in its turn
    queue.push(next);
  };
  try {
    for (;;) {
      if (queue.length === 0) fetch();
      const result = await queue.shift()!;
      if (result.done === true) return;
      while (queue.length < depth) fetch();
      yield result.value;
    }
  } finally {
    await iterator.return?.();
  }
}
