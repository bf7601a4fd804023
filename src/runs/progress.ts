/** What a use case tells while it works. Calls are cheap and never fail; `key` names a partition. */
export interface ProgressSink {
  /** The rows that all partitions of this run have together, done ones included. */
  plan(totalRows: number): void;
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
