/**
 * Does `work` at the first call; every call gets its result. When it fails, the calls that wait for it fail, and the
 * next one tries again.
 */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined;
  return () => {
    if (done !== undefined) return done;
    const attempt = work();
    done = attempt;
    attempt.catch(() => (done = undefined));
    return attempt;
  };
}
