import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "./bench.ts";
import { machineSeconds } from "./processes.ts";
import { othersBetween, processorTime } from "./processor-time.ts";

/** What one run says of itself. */
export interface Outcome {
  readonly rows: number;
  /** As the contestant's clock has it; what it leaves out stands with the contestant. */
  readonly seconds: number;
  /** Processor time that its program takes to start, which is no part of the work. */
  readonly startSeconds: number;
  /** Peak of its resident memory. */
  readonly peakBytes: number;
}

export interface Measurement {
  readonly rows: number;
  readonly seconds: number;
  readonly rowsPerSecond: number;
  /** Microseconds of processor time for each row. */
  readonly clientMicros: number;
  readonly postgresMicros: number;
  readonly elasticsearchMicros: number;
  readonly peakBytes: number;
  /** Processors that others kept busy meanwhile. */
  readonly others: number;
  readonly isQuiet: boolean;
}

/** Beyond this the figures of a run say more about others than about the run. */
const mostOthers = 0.15;

/** Runs once, on a machine that has come to rest as far as others let it. */
export async function measure(bench: Bench, run: () => Promise<Outcome>): Promise<Measurement> {
  await settle(bench.signal);
  const before = processorTime(bench);
  const { rows, seconds, startSeconds, peakBytes } = await run();
  const after = processorTime(bench);
  const others = othersBetween(before, after);
  const micros = (spent: number): number => (1e6 * Math.max(0, spent)) / rows;
  return {
    rows,
    seconds,
    rowsPerSecond: rows / seconds,
    clientMicros: micros(after.clients - before.clients - startSeconds),
    postgresMicros: micros(after.postgres - before.postgres),
    elasticsearchMicros: micros(after.elasticsearch - before.elasticsearch),
    peakBytes,
    others,
    isQuiet: others <= mostOthers,
  };
}

const longestSettling = 15;

/** Waits until the servers have merged and written out what the run before left, at most so many seconds. */
async function settle(signal: AbortSignal): Promise<void> {
  for (let second = 0; second < longestSettling; second++) {
    const before = machineSeconds();
    await sleep(1000, undefined, { signal });
    if (machineSeconds() - before < 0.1) return;
  }
}
