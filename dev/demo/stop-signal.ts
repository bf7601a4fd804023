/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP, and when whoever reads our output has gone. A second signal ends the
 * program at once; its servers end with it.
 */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  let stoppedAt = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (!stopping.signal.aborted) stoppedAt = performance.now();
      else if (performance.now() - stoppedAt > echoMillis) process.exit(1);
      stop();
    });
  }
  for (const stream of [process.stdout, process.stderr]) stream.on("error", stop);
  return stopping.signal;
}

/** Ctrl-C reaches the whole process group, and npm passes it on once more: no second wish. */
const echoMillis = 250;
