/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP, when whoever reads our output has gone, and when the npm that started us was
 * killed: that one passes no signal on, and its child then gets another parent. A second signal ends the program at once; its
 * servers end with it.
 */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  const parent = process.ppid;
  let stoppedAt = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (!stopping.signal.aborted) stoppedAt = performance.now();
      else if (performance.now() - stoppedAt > echoMillis) process.exit(1);
      stop();
    });
  }
  for (const stream of [process.stdout, process.stderr]) stream.on("error", stop);
  if (process.env["npm_lifecycle_event"] !== undefined) {
    setInterval(() => process.ppid !== parent && stop(), 1000).unref();
  }
  return stopping.signal;
}

/** Ctrl-C reaches the whole process group, and npm passes it on once more: no second wish. */
const echoMillis = 250;
