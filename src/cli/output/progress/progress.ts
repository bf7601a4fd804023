import { noProgress, type ProgressSink } from "../../../runs/progress.ts";
import { progressBars } from "./progress-bars.ts";
import { progressLines } from "./progress-lines.ts";
import type { Screen } from "./screen.ts";

export interface ProgressSettings {
  readonly quiet: boolean;
  /** False with --no-progress. */
  readonly progress: boolean;
  readonly screen: Screen;
  /** Columns of the terminal that has live lines; undefined where none has. */
  readonly width?: (() => number) | undefined;
}

/** Live lines on a terminal, one line per interval otherwise; only remarks with --no-progress, nothing with --quiet. */
export function createProgress({ quiet, progress, screen, width }: ProgressSettings): ProgressSink {
  if (quiet) return noProgress;
  if (!progress) return { ...noProgress, note: (text) => screen.print(`${text}\n`) };
  return width === undefined ? progressLines(screen) : progressBars(screen, width);
}
