import { noProgress, type ProgressSink } from "../../runs/progress.ts";
import type { TextStream } from "../host.ts";
import { type BarStream, progressBars } from "./progress-bars.ts";
import { progressLines } from "./progress-lines.ts";

export interface ProgressSettings {
  readonly quiet: boolean;
  readonly json: boolean;
  /** False with --no-progress. */
  readonly progress: boolean;
  readonly stream: TextStream & BarStream;
}

/** Bars on a terminal, one line per interval otherwise; only remarks with --no-progress, nothing with --quiet. */
export function createProgress({ quiet, json, progress, stream }: ProgressSettings): ProgressSink {
  if (quiet) return noProgress;
  if (!progress) return { ...noProgress, note: (text) => void stream.write(`${text}\n`) };
  return stream.isTTY === true && !json ? progressBars(stream) : progressLines(stream);
}
