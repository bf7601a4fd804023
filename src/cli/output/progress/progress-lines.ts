import { noProgress, type ProgressSink } from "../../../runs/progress.ts";
import { advance, describeWhole, finish, newCounts, plan, start } from "./progress-counts.ts";
import type { Screen } from "./screen.ts";

const intervalMillis = 10_000;

/** One line every 10 seconds for logs and pipes, beginning with the first plan. */
export function progressLines(screen: Screen): ProgressSink {
  const counts = newCounts(Date.now());
  let timer: NodeJS.Timeout | undefined;
  const line = (): void => {
    const partitions = counts.active.size === 1 ? "1 partition" : `${counts.active.size} partitions`;
    screen.print(`${describeWhole(counts, Date.now())}, ${partitions} active\n`);
  };
  return {
    ...noProgress,
    plan(totalRows, totalPartitions) {
      plan(counts, totalRows, totalPartitions);
      timer ??= setInterval(line, intervalMillis).unref();
    },
    partitionStarted: (key, label, totalRows, doneRows) =>
      start(counts, { key, label, totalRows, doneRows }, Date.now()),
    advanced: (key, rows, bytes) => advance(counts, key, rows, bytes, Date.now()),
    partitionFinished: (key) => finish(counts, key, Date.now()),
    note: (text) => screen.print(`${text}\n`),
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
