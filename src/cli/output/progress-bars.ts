import cliProgress from "cli-progress";
import type { ProgressSink } from "../../runs/progress.ts";
import { formatCount } from "./format.ts";
import { printable } from "./printable.ts";
import { advance, describeWhole, finish, newCounts, start } from "./progress-counts.ts";

export type BarStream = NodeJS.WritableStream;

const partitionFormat = "{bar} {share} {label}";
const wholeFormat = "{bar} {text}";

/** One bar for each active partition and under them one for the whole, with rate and time left. `stop` gives the terminal back. */
export function progressBars(stream: BarStream): ProgressSink {
  const counts = newCounts(Date.now());
  const bars = new Map<string, cliProgress.SingleBar>();
  const screen = new cliProgress.MultiBar(
    { stream, barsize: 24, fps: 4, hideCursor: false, format: partitionFormat, emptyOnZero: false },
    cliProgress.Presets.shades_grey,
  );
  let whole: cliProgress.SingleBar | undefined;

  const text = (): { text: string } => ({ text: describeWhole(counts, Date.now()) });
  const showWhole = (): void => {
    whole?.setTotal(counts.whole.total);
    whole?.update(counts.whole.done, text());
  };
  // Bars stand in the order in which they were made, so the one of the whole is made anew to stay last.
  const raiseWhole = (): void => {
    if (whole) screen.remove(whole);
    whole = screen.create(counts.whole.total, counts.whole.done, text(), { format: wholeFormat });
  };
  screen.on("redraw-pre", () => whole?.update(counts.whole.done, text()));

  return {
    plan(totalRows) {
      counts.whole.total = Math.max(totalRows, counts.whole.done);
      if (whole) showWhole();
      else raiseWhole();
    },
    partitionStarted(key, label, totalRows, doneRows) {
      start(counts, key, totalRows, doneRows);
      bars.set(key, screen.create(totalRows, doneRows, { label: printable(label), share: share(doneRows, totalRows) }));
      raiseWhole();
    },
    advanced(key, rows, bytes) {
      advance(counts, key, rows, bytes, Date.now());
      const partition = counts.active.get(key);
      if (partition) {
        bars.get(key)?.setTotal(partition.total);
        bars.get(key)?.update(partition.done, { share: share(partition.done, partition.total) });
      }
      showWhole();
    },
    partitionFinished(key) {
      finish(counts, key);
      const bar = bars.get(key);
      if (bar) screen.remove(bar);
      bars.delete(key);
      showWhole();
    },
    note: (remark) => screen.log(`${remark}\n`),
    stop() {
      if (screen.isActive) screen.stop();
    },
  };
}

function share(done: number, total: number): string {
  return `${formatCount(done)}/${formatCount(total)}`;
}
