import type { Run } from "../../runs/run.ts";
import { waitUntil } from "../../runs/wait-until.ts";
import { type Partition, partitionKey } from "./log-types.ts";

/** What partitions are locked with: a run, or the locks of a process that is none. */
type Locking = Pick<Run, "locks">;

/**
 * Does `work` with the partition taken for the run; "busy" when another run works on it. It is free again afterwards,
 * or when the process ends.
 */
export async function withPartition<T>(run: Run, partition: Partition, work: () => Promise<T>): Promise<T | "busy"> {
  await run.pacing.unpaused(run.signal);
  return withPartitionOf(run, partition, work);
}

/** The same for work that is no run, and so has no pause. */
export async function withPartitionOf<T>(
  { locks }: Locking,
  partition: Partition,
  work: () => Promise<T>,
): Promise<T | "busy"> {
  if (!(await locks.tryLock(lockName(partition)))) return "busy";
  try {
    return await work();
  } finally {
    await locks.unlock(lockName(partition));
  }
}

/**
 * Does `work` with the partition taken for the run, having waited for another run to be through with it; rejects with
 * AbortError when the run is stopped while it waits.
 */
export async function whenFree<T>(run: Run, partition: Partition, work: () => Promise<T>): Promise<T> {
  const why = { cause: "lock", text: busyNote(partition) } as const;
  await waitUntil(run, why, run.signal, () => run.locks.tryLock(lockName(partition)));
  try {
    return await work();
  } finally {
    await run.locks.unlock(lockName(partition));
  }
}

/**
 * Does `work` with all of the partitions that no other run works on, taken together; `onBusy` hears of each of the
 * others. All are free again afterwards. Rejects with AbortError when the run is stopped before it has them.
 */
export async function withPartitions<P extends Partition, T>(
  run: Run,
  partitions: readonly P[],
  onBusy: (partition: P) => void,
  work: (taken: readonly P[]) => Promise<T>,
): Promise<T> {
  const taken: P[] = [];
  try {
    for (const partition of partitions) {
      await run.pacing.unpaused(run.signal);
      run.signal.throwIfAborted();
      if (await run.locks.tryLock(lockName(partition))) taken.push(partition);
      else onBusy(partition);
    }
    return await work(taken);
  } finally {
    for (const partition of taken) await run.locks.unlock(lockName(partition));
  }
}

export function busyNote(partition: Partition): string {
  return `${partitionKey(partition)} is being worked on by another run; waiting for it`;
}

function lockName(partition: Partition): string {
  return `log_archive:partition:${partitionKey(partition)}`;
}
