import { exitCodes } from "./exit-codes.ts";
import { Interruption } from "./interruption.ts";

/**
 * Ctrl-C goes to the whole process group, and npm passes it on once more where its shell is bash: no second wish of the
 * operator.
 */
const echoMillis = 250;

/** The part of the process that takes part. */
export interface SignalTarget {
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  exit(code: number): void;
}

/** Aborts with an Interruption at the first SIGINT or SIGTERM and ends the process at the second. */
export function stopSignals(target: SignalTarget): AbortSignal {
  const stopping = new AbortController();
  let stoppedAt = 0;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    target.on(name, () => {
      if (!stopping.signal.aborted) {
        stoppedAt = performance.now();
        stopping.abort(new Interruption(name));
      } else if (performance.now() - stoppedAt > echoMillis) {
        target.exit(exitCodes[name]);
      }
    });
  }
  return stopping.signal;
}
