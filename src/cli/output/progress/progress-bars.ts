import type { ProgressSink } from "../../../runs/progress.ts";
import { formatCount } from "../format.ts";
import { printable } from "../printable.ts";
import { countedProgress } from "./counted-progress.ts";
import { type ProgressCounts, wholeParts } from "./progress-counts.ts";
import type { Screen } from "./screen.ts";
import type { Tally } from "./tally.ts";

const frameMillis = 250;
const barWidth = 20;

/**
 * One line for the whole, always the first: share, time left, rate, rows, partitions. Under it one for each active
 * partition. They are drawn four times a second from the counts alone, so nothing that a run does can displace them;
 * `stop` takes them away. `width` is that of the terminal now.
 */
export function progressBars(screen: Screen, width: () => number): ProgressSink {
  return countedProgress(screen, {
    everyMillis: frameMillis,
    show: (counts) => screen.live(frame(counts, width(), Date.now())),
    clear: () => screen.live([]),
  });
}

function frame(counts: ProgressCounts, width: number, now: number): string[] {
  const active = [...counts.active.values()].map(({ label, tally }) => {
    const rows = `${formatCount(tally.done)}/${formatCount(tally.total)}`;
    return fitting([`${bar(tally)} ${rows}`, shortened(printable(label))], width, " ");
  });
  return [wholeLine(counts, width, now), ...active];
}

function wholeLine(counts: ProgressCounts, width: number, now: number): string {
  const { percent, left, rate, rows, partitions } = wholeParts(counts, now);
  return fitting([`${bar(counts.whole)} ${percent}`, left, ...rate, rows, ...partitions], width, ", ");
}

/** As many of the parts as fit, the first ones first; the first is always there. */
function fitting(parts: readonly string[], width: number, between: string): string {
  return parts.reduce((line, part) =>
    line.length + between.length + part.length < width ? `${line}${between}${part}` : line,
  );
}

function bar({ done, total }: Tally): string {
  const filled = total === 0 ? 0 : Math.floor((barWidth * Math.min(done, total)) / total);
  return `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}`;
}

/** The beginning of an id tells partitions apart well enough while they are worked on. */
function shortened(label: string): string {
  return label.replaceAll(/\b([0-9a-f]{8})-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/g, "$1");
}
