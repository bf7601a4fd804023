import type { Bench } from "./bench.ts";
import { machineSeconds, processes, processTree, type ProcessTimes } from "./processes.ts";

/** Seconds of processor time so far. */
export interface ProcessorTime {
  readonly at: number;
  readonly postgres: number;
  readonly elasticsearch: number;
  /** Of programs that the benchmark started and that have ended. */
  readonly clients: number;
  /** Of everybody but the benchmark, all it started, and the kernel's own threads. */
  readonly others: number;
}

type Servers = Pick<Bench, "postgres" | "elasticsearch">;

export function processorTime({ postgres, elasticsearch }: Servers): ProcessorTime {
  const all = processes();
  const self = all.find(({ pid }) => pid === process.pid)!;
  const ours = timeOf(processTree(process.pid, all));
  return {
    at: performance.now() / 1000,
    postgres: timeOf(processTree(postgres.pid, all)),
    elasticsearch: timeOf(processTree(elasticsearch.pid, all)),
    clients: self.ended,
    others: machineSeconds() - ours - timeOf(processTree(kernel, all)),
  };
}

/** The parent of the threads by which Linux writes out what was written: work for those that are measured. */
const kernel = 2;

function timeOf(tree: readonly ProcessTimes[]): number {
  return tree.reduce((sum, { own, ended }) => sum + own + ended, 0);
}

/** Processors that others kept busy in between, on average. */
export function othersBetween(before: ProcessorTime, after: ProcessorTime): number {
  return Math.max(0, (after.others - before.others) / (after.at - before.at));
}
