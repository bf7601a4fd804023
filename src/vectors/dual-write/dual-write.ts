import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../engine/errors.ts";
import { keepAlive } from "../../engine/keep-alive.ts";
import type { StateFile } from "../../stores/sqlite/state-file.ts";
import type { Filter } from "../operations/record-store.ts";
import {
  checkIds,
  defaultTopK,
  type Found,
  refusedError,
  StoreOperations,
  type SyncPage,
  toRecords,
  type UpsertOptions,
  type UpsertResult,
  type VectorOperations,
  type VectorQuery,
} from "../operations/operations.ts";
import { checkTenant } from "../operations/tenants.ts";
import { type GeneralWeaviateRecord, inputOf, type RecordInput, type VectorInput } from "../records/records.ts";
import { StoredDeletions } from "../state/deletions.ts";
import { isMilvusFirst } from "../state/phases.ts";
import {
  beginWrites,
  type BegunWrites,
  endLease,
  endWrites,
  everyRecord,
  tryLease,
  isBehind,
  lastVersion,
} from "../state/write-log.ts";
import { ReadRouter } from "./read-router.ts";
import { Replicator, type ReplicatorOptions, type Stores } from "./replicator.ts";

// src/vectors/dual-write writes records into both stores while an application goes on: the first store answers, the
// second follows by the write log (state/write-log.ts). It never writes a store of which the tenant's phase says
// nothing.

export interface DualWriteOptions extends Partial<ReplicatorOptions> {
  /**
   * How long a request of a store may take; 30,000 when not given. A write whose process has died is copied after two
   * of them.
   */
  readonly requestMillis?: number;
  /** Compares every read with the other store and says so, a line each, to `onDebug`. */
  readonly debug?: boolean;
  readonly onDebug?: (line: string) => void;
}

/** While a phase is changed, writes wait; longer than a change may take. */
const patienceMillis = 60_000;
const updateLeaseMillis = 30_000;

/**
 * The operations on both stores, as the phase of each tenant says. A write goes to the store where the truth is
 * (Weaviate; Milvus in phase full) and is copied to the other one in the background: it never waits for that, and what
 * does not get there stays in the write log until it does. Reads are routed by ReadRouter.
 */
export class DualWrite implements VectorOperations {
  readonly replicator: Replicator;
  private readonly holder = randomUUID();
  private readonly state: StateFile;
  private readonly requestMillis: number;
  private readonly operations: { readonly weaviate: StoreOperations; readonly milvus: StoreOperations };
  private readonly router: ReadRouter;

  constructor(state: StateFile, stores: Stores, options: DualWriteOptions = {}) {
    const { debug = false, onDebug = () => {}, requestMillis = 30_000, leaseMillis = 4 * requestMillis } = options;
    this.requestMillis = requestMillis;
    this.state = state;
    const deletions = new StoredDeletions(state);
    this.operations = {
      weaviate: new StoreOperations(stores.weaviate, deletions),
      milvus: new StoreOperations(stores.milvus, deletions),
    };
    this.replicator = new Replicator(state, stores, { leaseMillis });
    this.router = new ReadRouter(state, this.operations, { debug, onDebug, comparisonsAtOnce: 4 });
    this.replicator.wake(); // a process that died may have left something
  }

  /** Resolves when no comparison of reads is under way. */
  comparisonsDone(): Promise<void> {
    return keepAlive(this.router.idle());
  }

  /**
   * Resolves when the other store has everything that is written by now, or after so many milliseconds; true in the
   * first case.
   */
  async caughtUp(millis: number): Promise<boolean> {
    const until = await lastVersion(this.state);
    for (const giveUp = performance.now() + millis; performance.now() < giveUp; await sleep(10)) {
      if (!(await isBehind(this.state, undefined, until))) return true;
    }
    return false;
  }

  /** Resolves when nothing is under way. What the other store has not got yet stays in the write log. */
  async close(): Promise<void> {
    await this.replicator.close();
    await keepAlive(this.router.idle());
  }

  async insertRecord(tenant: string, input: RecordInput | GeneralWeaviateRecord): Promise<string> {
    const { ids, refused } = await this.upsertRecords(tenant, [input]);
    if (refused[0] !== undefined) throw refusedError("The store", refused[0]);
    return ids[0]!;
  }

  async upsertRecords(
    tenant: string,
    inputs: readonly (RecordInput | GeneralWeaviateRecord)[],
    options: UpsertOptions = {},
  ): Promise<UpsertResult> {
    checkTenant(tenant);
    const records = toRecords(inputs, options); // gives ids to those that have none
    const { longJobId, onProgress } = options;
    return this.write(
      tenant,
      records.map(({ uniqueid }) => uniqueid),
      (first) => first.upsertRecords(tenant, records.map(inputOf), { longJobId, onProgress }),
      ({ refused }) => new Set(refused.map(({ id }) => id)),
    );
  }

  updateRecordVector(tenant: string, id: string, vector: VectorInput, updates?: RecordInput): Promise<boolean> {
    return this.update(tenant, id, (first) => first.updateRecordVector(tenant, id, vector, updates));
  }

  updateRecordMetadata(tenant: string, id: string, updates: RecordInput): Promise<boolean> {
    return this.update(tenant, id, (first) => first.updateRecordMetadata(tenant, id, updates));
  }

  async deleteRecord(tenant: string, id: string, recordType?: string | null, s3Path?: string | null): Promise<void> {
    await this.deleteRecordsByIds(tenant, [id], recordType, [s3Path ?? null]);
  }

  async deleteRecordsByIds(
    tenant: string,
    ids: readonly string[],
    recordType?: string | null,
    s3Paths?: readonly (string | null)[],
  ): Promise<void> {
    checkTenant(tenant);
    await this.write(tenant, checkIds(ids), (first) => first.deleteRecordsByIds(tenant, ids, recordType, s3Paths));
  }

  async deleteAllRecords(tenant: string): Promise<void> {
    checkTenant(tenant);
    await this.write(tenant, [everyRecord], (first) => first.deleteAllRecords(tenant));
  }

  queryByVector(tenant: string, vector: VectorInput, query: VectorQuery = {}): Promise<(Found & { score: number })[]> {
    const { topK = defaultTopK } = query;
    return this.router.read({
      operation: "query_by_vector",
      tenant,
      ask: (operations) => operations.queryByVector(tenant, vector, query),
      comparable: (found) => sortedIds(found, topK),
    });
  }

  queryByKeyword(tenant: string, keyword: string, topK = defaultTopK, includeMetadata = true): Promise<Found[]> {
    return this.router.read({
      operation: "query_by_keyword",
      tenant,
      ask: (operations) => operations.queryByKeyword(tenant, keyword, topK, includeMetadata),
      comparable: (found) => sorted(found, topK),
    });
  }

  queryByFilter(tenant: string, filter: Filter, topK = defaultTopK, connected = false): Promise<Found[]> {
    return this.router.read({
      operation: "query_by_filter",
      tenant,
      ask: (operations) => operations.queryByFilter(tenant, filter, topK, connected),
      comparable: (found) => sorted(found, topK),
    });
  }

  getMostRecentRecords(tenant: string, limit = defaultTopK): Promise<Found[]> {
    return this.router.read({
      operation: "get_most_recent_records",
      tenant,
      ask: (operations) => operations.getMostRecentRecords(tenant, limit),
      comparable: (found) => found,
    });
  }

  getRecordsByIds(tenant: string, ids: readonly string[]): Promise<Found[]> {
    return this.router.read({
      operation: "get_records_by_ids",
      tenant,
      ids: checkIds(ids),
      ask: (operations) => operations.getRecordsByIds(tenant, ids),
      comparable: (found) => found,
    });
  }

  getRecordById(tenant: string, id: string): Promise<Found | undefined> {
    return this.router.read({
      operation: "get_record_by_id",
      tenant,
      ids: checkIds([id]),
      ask: (operations) => operations.getRecordById(tenant, id),
      comparable: (found) => found ?? null,
    });
  }

  syncByLastModified(
    tenant: string,
    lastSync: Date | number | string,
    deviceId: string | null,
    limit?: number,
    offset?: number,
  ): Promise<SyncPage> {
    return this.router.read({
      operation: "sync_by_last_modified",
      tenant,
      ask: (operations) => operations.syncByLastModified(tenant, lastSync, deviceId, limit, offset),
      comparable: ({ results }) => results,
    });
  }

  /** Reads and writes of one record by several processes follow one another. */
  private async update(
    tenant: string,
    id: string,
    work: (first: StoreOperations) => Promise<boolean>,
  ): Promise<boolean> {
    checkTenant(tenant);
    const [known] = checkIds([id]) as [string];
    const name = `update ${tenant} ${known}`;
    const giveUp = performance.now() + patienceMillis;
    while (!(await tryLease(this.state, name, this.holder + id, updateLeaseMillis))) {
      if (performance.now() > giveUp) throw busyError(`Record ${JSON.stringify(id)} is being changed by others.`);
      await sleep(5 + 10 * Math.random());
    }
    try {
      return await this.write(tenant, [known], work);
    } finally {
      await endLease(this.state, name, this.holder + id);
    }
  }

  /** Notes the write, does it in the first store, and has the other one follow. */
  private async write<T>(
    tenant: string,
    ids: readonly string[],
    work: (first: StoreOperations) => Promise<T>,
    untouchedBy: (result: T) => ReadonlySet<string> = () => new Set<string>(),
  ): Promise<T> {
    const begun = await this.begin(tenant, ids);
    const flushed = this.state.flush(); // while the store writes
    flushed.catch(() => {});
    const first = isMilvusFirst(begun.phase) ? this.operations.milvus : this.operations.weaviate;
    let result: T;
    try {
      result = await work(first);
    } catch (error) {
      // Where nobody knows what was written the other store looks at it.
      await endWrites(this.state, begun, isUntouched(error, ids) ? new Set(ids) : new Set());
      this.replicator.wake();
      throw error;
    }
    if (await endWrites(this.state, begun, untouchedBy(result))) this.replicator.wake();
    await flushed;
    return result;
  }

  private async begin(tenant: string, ids: readonly string[]): Promise<BegunWrites> {
    const giveUp = performance.now() + patienceMillis;
    // an update reads, and 500 records are one request
    const millis = this.requestMillis * (1 + Math.ceil(ids.length / 500));
    for (;;) {
      const begun = await beginWrites(this.state, tenant, ids, Date.now() + millis);
      if (begun !== undefined) return begun;
      if (performance.now() > giveUp) throw busyError(`The phase of tenant ${tenant} is being changed.`);
      await sleep(10 + 20 * Math.random());
    }
  }
}

/** The store has refused it as a whole. */
function isUntouched(error: unknown, ids: readonly string[]): boolean {
  if (!(error instanceof AppError) || ids.length > 500) return false;
  return !error.code.endsWith("_unreachable") && !error.code.endsWith("_timeout");
}

function busyError(what: string): AppError {
  return new AppError("tenant_busy", what, { hint: "Nothing was written. Try it again." });
}

/** Answers that a limit has cut may differ. */
function sorted(found: readonly Found[], limit: number): unknown {
  return found.length >= limit ? undefined : found.toSorted((a, b) => (a.uniqueid < b.uniqueid ? -1 : 1));
}

function sortedIds(found: readonly Found[], limit: number): unknown {
  return found.length >= limit ? undefined : found.map(({ uniqueid }) => uniqueid).toSorted();
}
