import type { RunStatus } from "./run-record.ts";

/** What a use case tells while it works. Calls are cheap and never fail; `key` names a partition. */
export interface ProgressSink {
  /** A run began under this id. */
  runStarted?(id: string, command: string): void;
  /** It does not go on as fast as it can, and why; said when that begins or changes. */
  runWaits?(id: string, why: string): void;
  /** It ended so; `counts` are the totals of its report. */
  runEnded?(id: string, status: RunStatus, counts: object): void;
  /** The rows that all partitions of this run have together, done ones included, and how many partitions that are. */
  plan(totalRows: number, totalPartitions?: number): void;
  partitionStarted(key: string, label: string, totalRows: number, doneRows: number): void;
  advanced(key: string, rows: number, bytes: number): void;
  partitionFinished(key: string): void;
  /** Something the operator should know now, such as a pause. */
  note(text: string): void;
  stop(): void;
}

export const noProgress: ProgressSink = {
  plan() {},
  partitionStarted() {},
  advanced() {},
  partitionFinished() {},
  note() {},
  stop() {},
};
