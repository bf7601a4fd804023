import type { Measurement } from "./measure.ts";
import { median } from "./statistics.ts";

export interface Summary {
  /** Medians over the quiet runs, or over all where none was quiet. */
  readonly median: Omit<Measurement, "isQuiet">;
  readonly quietRuns: number;
  readonly runs: readonly Measurement[];
}

export function summary(runs: readonly Measurement[]): Summary {
  const quiet = runs.filter(({ isQuiet }) => isQuiet);
  return { median: medians(quiet.length > 0 ? quiet : runs), quietRuns: quiet.length, runs };
}

/** A note about those of which no run was quiet: their figures say as much about others. */
export function noiseNote(summaries: readonly (Summary & { readonly name: string })[]): string[] {
  const noisy = summaries.filter(({ quietRuns }) => quietRuns === 0).map(({ name }) => name);
  return noisy.length === 0 ? [] : [`Noisy, for others were at work in every run: ${noisy.join("; ")}.`];
}

function medians(runs: readonly Measurement[]): Summary["median"] {
  const of = (value: (run: Measurement) => number): number => median(runs.map(value));
  return {
    rows: of(({ rows }) => rows),
    seconds: of(({ seconds }) => seconds),
    rowsPerSecond: of(({ rowsPerSecond }) => rowsPerSecond),
    clientMicros: of(({ clientMicros }) => clientMicros),
    postgresMicros: of(({ postgresMicros }) => postgresMicros),
    elasticsearchMicros: of(({ elasticsearchMicros }) => elasticsearchMicros),
    peakBytes: of(({ peakBytes }) => peakBytes),
    others: of(({ others }) => others),
  };
}
