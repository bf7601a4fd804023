import { backOff } from "../../engine/back-off.ts";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../engine/errors.ts";
import type { StateFile } from "../../stores/sqlite/state-file.ts";
import type { RecordStore } from "../operations/record-store.ts";
import { isMilvusFirst, readPhase } from "../state/phases.ts";
import {
  claim,
  type Claimed,
  type ClaimScope,
  everyRecord,
  isBehind,
  lastVersion,
  noteDirty,
  postpone,
  settle,
} from "../state/write-log.ts";

export interface Stores {
  readonly weaviate: RecordStore;
  readonly milvus: RecordStore;
}

export interface ReplicatorOptions {
  /** Longer than the requests of one copy may take together: afterwards somebody else may copy the record. */
  readonly leaseMillis: number;
}

export interface Applied {
  readonly copied: number;
  readonly removed: number;
  readonly refused: number;
  /** Deletions of a whole tenant, in whose place each of its records is noted. */
  readonly unfolded: number;
  /** Tried in vain: they are tried again later. */
  readonly failed: number;
  /** Why the last of those failed. */
  readonly error?: AppError | undefined;
}

const recordsAtOnce = 200;
const firstPause = 100;
const pauses = { first: 2 * firstPause, longest: 5000 };
/** Writes that follow one another closely are copied together, and disturb those that come next less. */
const lingerMillis = 20;
/** In a row, about ten seconds long. */
const mostFailures = 6;
/** Between two looks for writes of other processes, which may have died. */
const pollMillis = 2000;

/**
 * Copies what the write log holds from the store where the truth is to the other one. A record is read when it is
 * copied, under a lease that all processes of the state file respect, and a write noted meanwhile is copied after it:
 * so both stores end with the last write, whoever copies.
 */
export class Replicator {
  private readonly holder = randomUUID();
  private readonly state: StateFile;
  private readonly stores: Stores;
  private readonly options: ReplicatorOptions;
  private readonly stopped = new AbortController();
  private nudge = new AbortController();
  private working: Promise<void> | undefined;
  /** Copies since it was made. */
  copied = 0;
  /** Copies that failed and are tried again. */
  failed = 0;

  constructor(state: StateFile, stores: Stores, options: ReplicatorOptions) {
    this.state = state;
    this.stores = stores;
    this.options = options;
  }

  /** Returns at once. From now on what is due is copied in the background, until `close`. */
  wake(): void {
    this.nudge.abort();
    this.working ??= this.work().finally(() => (this.working = undefined));
  }

  /** Resolves when the copy under way has ended. What is left stays in the write log. */
  async close(): Promise<void> {
    this.stopped.abort();
    this.nudge.abort();
    await this.working;
  }

  private async work(): Promise<void> {
    let pause = firstPause;
    while (!this.stopped.signal.aborted) {
      await sleep(lingerMillis, undefined, { signal: this.stopped.signal, ref: false }).catch(() => {});
      this.nudge = new AbortController();
      const { copied, removed, refused, unfolded, failed } = await this.applySome({}).catch(() => noneApplied);
      if (failed > 0) {
        await sleep(pause, undefined, { signal: this.stopped.signal, ref: false }).catch(() => {});
        pause = Math.min(pauses.longest, 2 * pause);
      } else {
        pause = firstPause;
        if (copied + removed + refused + unfolded === 0)
          await sleep(pollMillis, undefined, { signal: this.nudge.signal, ref: false }).catch(() => {});
      }
    }
  }

  /** Copies some of what is due. Never rejects because a store fails. */
  async applySome(scope: ClaimScope): Promise<Applied> {
    const { leaseMillis } = this.options;
    const claimed = await claim(this.state, this.holder, { limit: recordsAtOnce, leaseMillis, scope });
    const total = {
      copied: 0,
      removed: 0,
      refused: 0,
      unfolded: 0,
      failed: 0,
      error: undefined as AppError | undefined,
    };
    for (const [tenant, some] of Map.groupBy(claimed, (one) => one.tenant)) {
      const applied = await this.applyTo(tenant, some);
      for (const key of ["copied", "removed", "refused", "unfolded", "failed"] as const) total[key] += applied[key];
      total.error = applied.error ?? total.error;
    }
    this.copied += total.copied + total.removed;
    this.failed += total.failed;
    return total;
  }

  /**
   * Copies what is noted by now, and some of what comes meanwhile, until the second store has it, or `signal` aborts,
   * or a store fails again and again; waits for what others copy.
   */
  async applyAll(
    scope: ClaimScope,
    signal: AbortSignal,
    onApplied: (applied: Applied) => void = () => {},
  ): Promise<Applied> {
    let refused = scope.refused ?? false;
    let until = await lastVersion(this.state);
    let failures = 0;
    while (!signal.aborted) {
      const applied = await this.applySome({ ...scope, refused });
      onApplied(applied);
      if (applied.unfolded > 0) until = await lastVersion(this.state);
      failures = applied.failed > 0 ? failures + 1 : 0;
      if (failures === mostFailures) return applied;
      if (failures > 0) {
        await sleep(backOff(failures, pauses), undefined, { signal }).catch(() => {});
        continue;
      }
      if (applied.copied + applied.removed === 0) refused = false; // once is enough
      if (!refused && !(await isBehind(this.state, scope.tenant, until))) return applied;
      if (applied.copied + applied.removed + applied.refused + applied.unfolded > 0) continue;
      await sleep(20, undefined, { signal }).catch(() => {});
    }
    return noneApplied;
  }

  private async applyTo(tenant: string, claimed: readonly Claimed[]): Promise<Applied> {
    try {
      const { weaviate, milvus } = this.stores;
      const [from, to] = isMilvusFirst(await readPhase(this.state, tenant)) ? [milvus, weaviate] : [weaviate, milvus];
      const [whole, single] = [
        claimed.filter(({ id }) => id === everyRecord),
        claimed.filter(({ id }) => id !== everyRecord),
      ];
      if (whole.length > 0) {
        // What was deleted with the tenant is gone in the first store: each record that the second still has is looked
        // at.
        for await (const ids of to.ids(tenant)) await noteDirty(this.state, tenant, ids);
        await settle(this.state, this.holder, whole);
      }
      const copied = single.length === 0 ? noneApplied : await this.copy(tenant, from, to, single);
      return { ...copied, unfolded: whole.length };
    } catch (error) {
      return this.fail(claimed, error);
    }
  }

  private async copy(
    tenant: string,
    from: RecordStore,
    to: RecordStore,
    claimed: readonly Claimed[],
  ): Promise<Applied> {
    const ids = claimed.map(({ id }) => id);
    const records = await from.get(tenant, ids);
    const present = new Set(records.map(({ uniqueid }) => uniqueid));
    const gone = ids.filter((id) => !present.has(id));
    const refusals = new Map((await to.put(tenant, records)).map((refusal) => [refusal.id, refusal]));
    // A record that the second store does not take must not stay there as it was.
    const toRemove = [...gone, ...refusals.keys()];
    if (toRemove.length > 0) await to.remove(tenant, toRemove);
    for (const one of claimed) {
      const refusal = refusals.get(one.id);
      if (refusal === undefined) continue;
      const reason = `${refusal.type}: ${refusal.reason}`;
      await postpone(this.state, this.holder, [one], {
        reason,
        retryAt: Date.now(),
        isRefused: true,
        keepLease: false,
      });
    }
    await settle(
      this.state,
      this.holder,
      claimed.filter(({ id }) => !refusals.has(id)),
    );
    return {
      copied: records.length - refusals.size,
      removed: gone.length,
      refused: refusals.size,
      unfolded: 0,
      failed: 0,
    };
  }

  /** A request that nobody has answered may still be carried out: until the lease ends nobody writes these records. */
  private async fail(claimed: readonly Claimed[], cause: unknown): Promise<Applied> {
    const error = cause instanceof AppError ? cause : new AppError("copy_failed", String(cause), { cause });
    const isUnknown = error.code.endsWith("_timeout") || error.code.endsWith("_unreachable");
    const retryAt = Date.now() + (isUnknown ? 0 : firstPause);
    const failure = { reason: error.message, retryAt, isRefused: false, keepLease: error.code.endsWith("_timeout") };
    await postpone(this.state, this.holder, claimed, failure);
    return { ...noneApplied, failed: claimed.length, error };
  }
}

const noneApplied: Applied = { copied: 0, removed: 0, refused: 0, unfolded: 0, failed: 0 };
