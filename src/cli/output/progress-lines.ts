import type { ProgressSink } from "../../runs/progress.ts";
import type { TextStream } from "../host.ts";
import { advance, describeWhole, finish, newCounts, start } from "./progress-counts.ts";

const intervalMillis = 10_000;

/** One line every 10 seconds for logs and pipes, beginning with the first plan. */
export function progressLines(stream: TextStream): ProgressSink {
  const counts = newCounts(Date.now());
  let timer: NodeJS.Timeout | undefined;
  const line = (): void => {
    const partitions = counts.active.size === 1 ? "1 partition" : `${counts.active.size} partitions`;
    stream.write(`${describeWhole(counts, Date.now())}, ${partitions} active\n`);
  };
  return {
    plan(totalRows) {
      counts.whole.total = Math.max(totalRows, counts.whole.done);
      timer ??= setInterval(line, intervalMillis).unref();
    },
    partitionStarted: (key, _label, totalRows, doneRows) => start(counts, key, totalRows, doneRows),
    advanced: (key, rows, bytes) => advance(counts, key, rows, bytes, Date.now()),
    partitionFinished: (key) => finish(counts, key),
    note: (text) => void stream.write(`${text}\n`),
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
