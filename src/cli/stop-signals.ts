import { exitCodes } from "./exit-codes.ts";
import { Interruption } from "./interruption.ts";
import type { TextStream } from "./host.ts";

/** Ctrl-C goes to the whole process group, and npm passes it on once more where its shell is bash: no second wish of the operator. */
const echoMillis = 250;

/** The part of the process that takes part. */
export interface SignalTarget {
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  exit(code: number): void;
  readonly stderr: TextStream;
}

/** Aborts with an Interruption at the first SIGINT or SIGTERM and ends the process at the second. */
export function stopSignals(target: SignalTarget): AbortSignal {
  const stopping = new AbortController();
  let stoppedAt = 0;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    target.on(name, () => {
      if (!stopping.signal.aborted) {
        stoppedAt = performance.now();
        target.stderr.write("\nFinishing what is in flight, then stopping. Press Ctrl-C again to stop at once.\n");
        stopping.abort(new Interruption(name));
      } else if (performance.now() - stoppedAt > echoMillis) {
        if (target.stderr.isTTY) target.stderr.write("\u001b[?7h\n"); // progress bars switch line wrapping off
        target.exit(exitCodes[name]);
      }
    });
  }
  return stopping.signal;
}
