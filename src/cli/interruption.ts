import { isAbort } from "../engine/errors.ts";

/** The reason of the abort signal that commands receive when the operator stops them. */
export class Interruption extends Error {
  readonly signalName: "SIGINT" | "SIGTERM";

  constructor(signalName: "SIGINT" | "SIGTERM") {
    super(`Stopped by ${signalName}.`);
    this.name = "AbortError"; // as that of every stop: what throws the reason of its signal has not failed
    this.signalName = signalName;
  }
}

/** The operator's stop of this signal, when that is why it aborted. */
export function interruptionOf(signal: AbortSignal): Interruption | undefined {
  return signal.reason instanceof Interruption ? signal.reason : undefined;
}

/** Whether `error` is only the echo of the operator's stop, and no failure of its own. */
export function isInterruption(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (error === signal.reason || isAbort(error));
}
