/**
 * Resolves or rejects as `work` does, and keeps the process alive until then. Background work must not hold a process
 * up, so its pauses do not; but a process that awaits its end would exit in the middle of such a pause, without a word.
 */
export async function keepAlive<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 2 ** 30);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
