/**
 * Resolves or rejects as `work` does, or rejects with what `late` makes when so many milliseconds are over first. The
 * work itself goes on then; what becomes of it is no matter any more.
 */
export async function inTime<T>(work: Promise<T>, millis: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), millis);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
