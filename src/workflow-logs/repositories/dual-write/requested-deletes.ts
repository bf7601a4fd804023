import { setTimeout as sleep } from "node:timers/promises";
import { AdvisoryLocks } from "../../../stores/postgres/advisory-locks.ts";
import {
  forgetRequestedDelete,
  listRequestedDeletes,
  type RequestedDelete,
} from "../../../stores/postgres/state/requested-deletes.ts";
import type { Connections } from "../../connections.ts";
import type { DataType } from "../../log-types.ts";
import { tryLockPartition, unlockPartition } from "../../migrate/partition-lock.ts";
import { deleteRowless, type WithPartition } from "./delete-rowless.ts";

/**
 * Carries out what was requested, oldest first, and returns how many have to wait for a partition that a run works on. One that fails stays requested too;
 * the first failure is thrown when the others were tried.
 */
export async function carryOutDeletes(connections: Connections, tenantIds: readonly string[] = []): Promise<number> {
  const { state, postgres } = connections;
  let stay = 0;
  let failure: { readonly error: unknown } | undefined;
  let requests = await listRequestedDeletes(state, { tenantIds });
  if (requests.length === 0) return stay;
  const locks = await AdvisoryLocks.open(postgres);
  try {
    const withPartition: WithPartition = async (partition, work) => {
      if (!(await tryLockPartition({ locks }, partition))) return "busy";
      try {
        await work();
      } finally {
        await unlockPartition({ locks }, partition);
      }
      return "done";
    };
    while (requests.length > 0) {
      for (const request of requests) {
        try {
          if (!(await carryOut(connections, request, withPartition))) stay++;
        } catch (error) {
          failure ??= { error };
        }
      }
      requests = await listRequestedDeletes(state, { tenantIds, after: requests.at(-1)!.id });
    }
  } finally {
    locks.close();
  }
  if (failure !== undefined) throw failure.error;
  return stay;
}

async function carryOut(
  connections: Connections,
  request: RequestedDelete,
  withPartition: WithPartition,
): Promise<boolean> {
  const { id, tenantId, selection } = request;
  const deleting = { dataType: request.dataType as DataType, tenantId, selection };
  const { isDone } = await deleteRowless(connections, deleting, withPartition);
  if (isDone) await forgetRequestedDelete(connections.state, id);
  return isDone;
}

const firstDelay = 500;
const longestDelay = 30_000;

/** Carries out requested deletes in the background, again and again until none is left; those of a process that died among them. */
export class DeleteFollower {
  failures = 0;
  private readonly connections: Connections;
  private working: Promise<void> | undefined;
  private isAwaited = false;
  private readonly closed = new AbortController();

  constructor(connections: Connections) {
    this.connections = connections;
  }

  get isWorking(): boolean {
    return this.working !== undefined;
  }

  /** Call when a delete was requested. */
  wake(): void {
    this.isAwaited = true;
    if (this.closed.signal.aborted) return;
    this.working ??= this.work().finally(() => {
      this.working = undefined;
      if (this.isAwaited) this.wake(); // one may have come just as the work ended
    });
  }

  async idle(): Promise<void> {
    while (this.working !== undefined) await this.working;
  }

  /** What is left stays requested: the next process of the application, or apply-dirty, carries it out. */
  async close(deadlineMillis: number): Promise<void> {
    await Promise.race([this.idle(), sleep(deadlineMillis, undefined, { ref: false })]);
    this.closed.abort();
  }

  private async work(): Promise<void> {
    for (
      let delay = firstDelay;
      this.isAwaited && !this.closed.signal.aborted;
      delay = Math.min(2 * delay, longestDelay)
    ) {
      this.isAwaited = false;
      try {
        if ((await carryOutDeletes(this.connections)) === 0) continue;
      } catch {
        this.failures++; // a store is away: they stay requested
      }
      this.isAwaited = true;
      await sleep(delay, undefined, { ref: false, signal: this.closed.signal }).catch(() => {});
    }
  }
}
