import type { ProgressSink } from "../../../runs/progress.ts";
import { countedProgress } from "./counted-progress.ts";
import { describeWhole } from "./progress-counts.ts";
import type { Screen } from "./screen.ts";

const intervalMillis = 10_000;

/** One line every 10 seconds for logs and pipes, beginning with the first plan. */
export function progressLines(screen: Screen): ProgressSink {
  return countedProgress(screen, {
    everyMillis: intervalMillis,
    show: (counts) => {
      const partitions = counts.active.size === 1 ? "1 partition" : `${counts.active.size} partitions`;
      screen.print(`${describeWhole(counts, Date.now())}, ${partitions} active\n`);
    },
  });
}
