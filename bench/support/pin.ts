import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import type { Bench } from "./bench.ts";
import { processes, processTree } from "./processes.ts";

const execute = promisify(execFile);

/**
 * Works while Elasticsearch has the first processor for itself and PostgreSQL, this program and what it starts share
 * the second. Returns undefined, and works nothing, where that cannot be had.
 */
export async function pinned<T>(bench: Bench, work: () => Promise<T>): Promise<T | undefined> {
  if (availableParallelism() < 2 || !(await pin(process.pid, everywhere))) return undefined;
  const all = processes();
  const beside = [process.pid, ...processTree(bench.postgres.pid, all).map(({ pid }) => pid)];
  try {
    await pin(bench.elasticsearch.pid, "0");
    for (const pid of beside) await pin(pid, "1");
    return await work();
  } finally {
    for (const pid of [bench.elasticsearch.pid, ...beside]) await pin(pid, everywhere);
  }
}

const everywhere = `0-${availableParallelism() - 1}`;

/** All threads of a process; those it starts later follow. False where there is no taskset, or the process has gone. */
async function pin(pid: number, processors: string): Promise<boolean> {
  return execute("taskset", ["-acp", processors, String(pid)]).then(
    () => true,
    () => false,
  );
}
