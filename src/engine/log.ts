/**
 * What the program writes of its work, for those who run it: the part of a logger such as pino's that is used here.
 * Fields are names, counts, times and states, never the contents of records. Calls are cheap and never fail.
 */
export type Log = Record<"debug" | "info" | "warn" | "error", (fields: object, message: string) => void>;

/** Statements and requests that take at least so long are logged, with their shape and without any value. */
export interface SlowLog {
  readonly millis: number;
  readonly log: Log;
}
