import { noProgress, type ProgressSink } from "../../../runs/progress.ts";
import { advance, finish, newCounts, plan, type ProgressCounts, start } from "./progress-counts.ts";
import type { Screen } from "./screen.ts";

/** How counts become visible, and how often, beginning with the first plan. */
interface Display {
  readonly everyMillis: number;
  readonly show: (counts: ProgressCounts) => void;
  /** Takes away what stays on the screen. */
  readonly clear?: () => void;
}

/** Counts what a run tells, and shows the counts from time to time; nothing that a run does waits for that. */
export function countedProgress(screen: Screen, { everyMillis, show, clear }: Display): ProgressSink {
  const counts = newCounts(Date.now());
  let timer: NodeJS.Timeout | undefined;
  return {
    ...noProgress,
    plan(totalRows, totalPartitions) {
      plan(counts, totalRows, totalPartitions);
      timer ??= setInterval(() => show(counts), everyMillis).unref();
    },
    partitionStarted: (key, label, totalRows, doneRows) =>
      start(counts, { key, label, totalRows, doneRows }, Date.now()),
    advanced: (key, rows, bytes) => advance(counts, key, rows, bytes, Date.now()),
    partitionFinished: (key) => finish(counts, key, Date.now()),
    note: (text) => screen.print(`${text}\n`),
    stop() {
      if (timer === undefined) return;
      clearInterval(timer);
      timer = undefined;
      clear?.();
    },
  };
}
