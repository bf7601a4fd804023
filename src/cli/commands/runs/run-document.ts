import type { RunRecord } from "../../../runs/run-record.ts";

/**
 * The run as JSON documents have it: the bounds among its options, which are kept as SQL has them, in the form of all
 * times.
 */
export function runDocument<Run extends RunRecord>(run: Run): Run {
  return { ...run, options: withIsoTimes(run.options) };
}

const sqlTimestamp = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)$/;

function withIsoTimes<T>(value: T): T {
  if (typeof value === "string") return value.replace(sqlTimestamp, "$1T$2Z") as T;
  if (Array.isArray(value)) return value.map(withIsoTimes) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withIsoTimes(item)])) as T;
}
