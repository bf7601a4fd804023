import type { RunningServer } from "../../dev/servers/running-server.ts";

/** What every part of the benchmark works with. */
export interface Bench {
  readonly postgres: RunningServer;
  readonly elasticsearch: RunningServer;
  /** Node executions that are copied. */
  readonly rows: number;
  /** Rounds of which the median is taken. */
  readonly runs: number;
  /** Workflow runs of the tenant whose logs are read. */
  readonly tenantRuns: number;
  /** Node executions of each size that growth is measured with. */
  readonly growth: readonly number[];
  /** For files of this run; removed at its end. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Tells whoever waits what happens, on stderr. */
  readonly say: (text: string) => void;
}

/** One question and its measured answer. */
export interface Part {
  readonly name: string;
  readonly measure: (bench: Bench) => Promise<PartResult>;
}

export interface PartResult {
  readonly title: string;
  readonly heads: readonly string[];
  readonly lines: readonly (readonly string[])[];
  /** What has to be known to read the table, and what was left out and why. */
  readonly notes: readonly string[];
  /** The same and more, for --json. */
  readonly figures: unknown;
}
