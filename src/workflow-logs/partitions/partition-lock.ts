import { setTimeout as sleep } from "node:timers/promises";
import type { Run } from "../../runs/run.ts";
import { type Partition, partitionKey } from "./log-types.ts";

const retryMillis = 1000;

/** Takes the partition for the run; false when another run works on it. It is free again when the run unlocks it or its process ends. */
export function tryLockPartition(run: Pick<Run, "locks">, partition: Partition): Promise<boolean> {
  return run.locks.tryLock(lockName(partition));
}

export function unlockPartition(run: Pick<Run, "locks">, partition: Partition): Promise<void> {
  return run.locks.unlock(lockName(partition));
}

/**
 * Does `work` with the partition taken for the run, having waited for another run to be through with it; rejects with AbortError when the run is stopped
 * while it waits.
 */
export async function whenFree<T>(run: Run, partition: Partition, work: () => Promise<T>): Promise<T> {
  await lockPartition(run, partition);
  try {
    return await work();
  } finally {
    await unlockPartition(run, partition);
  }
}

async function lockPartition(run: Run, partition: Partition): Promise<void> {
  const { pacing, waits, signal } = run;
  await pacing.unpaused(signal);
  if (await tryLockPartition(run, partition)) return;
  const goOn = waits.begin("lock", busyNote(partition));
  try {
    do {
      await sleep(retryMillis, undefined, { signal });
      await pacing.unpaused(signal);
    } while (!(await tryLockPartition(run, partition)));
  } finally {
    goOn();
  }
}

/** Does `work` with the partition taken for the run; "busy" when another run works on it. */
export async function withPartition<T>(run: Run, partition: Partition, work: () => Promise<T>): Promise<T | "busy"> {
  await run.pacing.unpaused(run.signal);
  if (!(await tryLockPartition(run, partition))) return "busy";
  try {
    return await work();
  } finally {
    await unlockPartition(run, partition);
  }
}

export function busyNote(partition: Partition): string {
  return `${partitionKey(partition)} is being worked on by another run; waiting for it`;
}

function lockName(partition: Partition): string {
  return `log_archive:partition:${partitionKey(partition)}`;
}
