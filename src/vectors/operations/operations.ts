import { AppError, UsageError } from "../../engine/errors.ts";
import type { Refusal } from "../../engine/ports.ts";
import { type FieldName, isFieldName } from "../records/fields.ts";
import { canonicalId } from "../records/ids.ts";
import { int64, normaliseVector, wellFormed } from "../records/normalise.ts";
import {
  type GeneralWeaviateRecord,
  inputOf,
  type RecordInput,
  recordOf,
  type VectorInput,
} from "../records/records.ts";
import type { DeletedRecord, DeletedRecords } from "./deleted-records.ts";
import type { Filter, RecordStore, Scored } from "./record-store.ts";
import { checkTenant } from "./tenants.ts";

// src/vectors/operations is what an application does with records, over one port (record-store.ts) that both stores
// implement. It never knows of phases.

export interface UpsertOptions {
  /** The recordType of all of them; each one's own when not given. */
  readonly type?: string | undefined;
  /** Names the job for the progress that `onProgress` is told. */
  readonly longJobId?: string | undefined;
  readonly lastUpdateDevice?: string | undefined;
  readonly lastUpdateDeviceId?: string | undefined;
  readonly onProgress?: ((progress: { longJobId: string | undefined; done: number; of: number }) => void) | undefined;
}

export interface UpsertResult {
  readonly ids: readonly string[];
  /** What the store does not take as it is; the others are written. */
  readonly refused: readonly Refusal[];
}

export interface VectorQuery {
  readonly topK?: number | undefined;
  /** From 0 to 1; 0.5 when not given, which is a right angle. */
  readonly similarity?: number | undefined;
  readonly includeVector?: boolean | undefined;
}

/** A record as a caller gets it. */
export type Found = RecordInput & { readonly uniqueid: string };

export interface SyncPage {
  readonly results: readonly Found[];
  readonly deleted_results: readonly DeletedRecord[];
}

/**
 * The operations of the application, the same on Weaviate, on Milvus and on both. Each is in the name of one tenant.
 * All throw UsageError for input that no store takes, and AppError when a store fails; reads of what is not there
 * answer with nothing.
 */
export interface VectorOperations {
  /** Writes the record over one of the same id; returns its id, a new one when it has none. */
  insertRecord(tenant: string, record: RecordInput | GeneralWeaviateRecord): Promise<string>;
  upsertRecords(
    tenant: string,
    records: readonly (RecordInput | GeneralWeaviateRecord)[],
    options?: UpsertOptions,
  ): Promise<UpsertResult>;
  /** False when there is no such record. A null among the updates takes the property away. */
  updateRecordVector(tenant: string, id: string, vector: VectorInput, updates?: RecordInput): Promise<boolean>;
  updateRecordMetadata(tenant: string, id: string, updates: RecordInput): Promise<boolean>;
  deleteRecord(tenant: string, id: string, recordType?: string | null, s3Path?: string | null): Promise<void>;
  /** `s3Paths` go with the ids, in their order. */
  deleteRecordsByIds(
    tenant: string,
    ids: readonly string[],
    recordType?: string | null,
    s3Paths?: readonly (string | null)[],
  ): Promise<void>;
  deleteAllRecords(tenant: string): Promise<void>;
  queryByVector(tenant: string, vector: VectorInput, query?: VectorQuery): Promise<(Found & { score: number })[]>;
  queryByKeyword(tenant: string, keyword: string, topK?: number, includeMetadata?: boolean): Promise<Found[]>;
  /** With `connected`, the records that the found ones name in their connections come after them. */
  queryByFilter(tenant: string, filter: Filter, topK?: number, connected?: boolean): Promise<Found[]>;
  getMostRecentRecords(tenant: string, limit?: number): Promise<Found[]>;
  /** In the order of `ids`. */
  getRecordsByIds(tenant: string, ids: readonly string[]): Promise<Found[]>;
  getRecordById(tenant: string, id: string): Promise<Found | undefined>;
  /**
   * What was written or deleted from a minute before `lastSync` on (a clock of a device may be late), oldest first.
   * `deviceId` changes nothing: a device gets its own changes too.
   */
  syncByLastModified(
    tenant: string,
    lastSync: Date | number | string,
    deviceId: string | null,
    limit?: number,
    offset?: number,
  ): Promise<SyncPage>;
}

export const defaultTopK = 20;
const defaultSimilarity = 0.5;
/** Weaviate and Milvus answer at most so many. */
const mostResults = 10_000;
const overlapMillis = 60_000;
const recordsAtOnce = 500;

/** The operations on one store. Updates of one record by one object of this class are done one after the other. */
export class StoreOperations implements VectorOperations {
  readonly store: RecordStore;
  private readonly deleted: DeletedRecords;
  private readonly updating = new Map<string, Promise<unknown>>();

  constructor(store: RecordStore, deleted: DeletedRecords) {
    this.store = store;
    this.deleted = deleted;
  }

  async insertRecord(tenant: string, input: RecordInput | GeneralWeaviateRecord): Promise<string> {
    const { ids, refused } = await this.upsertRecords(tenant, [input]);
    if (refused[0] !== undefined) throw refusedError(this.store.name, refused[0]);
    return ids[0]!;
  }

  async upsertRecords(
    tenant: string,
    inputs: readonly (RecordInput | GeneralWeaviateRecord)[],
    options: UpsertOptions = {},
  ): Promise<UpsertResult> {
    checkTenant(tenant);
    const records = toRecords(inputs, options);
    const refused: Refusal[] = [];
    for (let at = 0; at < records.length; at += recordsAtOnce) {
      refused.push(...(await this.store.put(tenant, records.slice(at, at + recordsAtOnce))));
      const done = Math.min(records.length, at + recordsAtOnce);
      options.onProgress?.({ longJobId: options.longJobId, done, of: records.length });
    }
    return { ids: records.map(({ uniqueid }) => uniqueid), refused };
  }

  async updateRecordVector(
    tenant: string,
    id: string,
    given: VectorInput,
    updates: RecordInput = {},
  ): Promise<boolean> {
    return this.update(tenant, id, { ...updates, vector: normaliseVector(given) });
  }

  async updateRecordMetadata(tenant: string, id: string, updates: RecordInput): Promise<boolean> {
    const { vector: _, ...others } = updates;
    return this.update(tenant, id, others);
  }

  async deleteRecord(tenant: string, id: string, recordType?: string | null, s3Path?: string | null): Promise<void> {
    await this.deleteRecordsByIds(tenant, [id], recordType, [s3Path ?? null]);
  }

  async deleteRecordsByIds(
    tenant: string,
    given: readonly string[],
    recordType: string | null = null,
    s3Paths: readonly (string | null)[] = [],
  ): Promise<void> {
    checkTenant(tenant);
    if (s3Paths.length > given.length)
      throw new UsageError("invalid_paths", `${s3Paths.length} paths were given for ${given.length} ids.`, {
        hint: "Give one path for each id, in the same order. Nothing was written.",
      });
    const ids = checkIds(given);
    await this.store.remove(tenant, [...new Set(ids)]);
    const lastModified = Date.now();
    await this.deleted.note(
      ids.map((uniqueid, at) => ({
        uniqueid,
        recordType,
        lastModified,
        tenantName: tenant,
        s3_path: s3Paths[at] ?? null,
      })),
    );
  }

  async deleteAllRecords(tenant: string): Promise<void> {
    checkTenant(tenant);
    const lastModified = Date.now();
    for await (const ids of this.store.ids(tenant)) {
      const gone = ids.map((uniqueid) => ({
        uniqueid,
        recordType: null,
        lastModified,
        tenantName: tenant,
        s3_path: null,
      }));
      await this.deleted.note(gone);
    }
    await this.store.removeAll(tenant);
  }

  async queryByVector(
    tenant: string,
    given: VectorInput,
    { topK = defaultTopK, similarity = defaultSimilarity, includeVector = false }: VectorQuery = {},
  ): Promise<(Found & { score: number })[]> {
    checkTenant(tenant);
    const vector = normaliseVector(given);
    if (vector === null)
      throw new UsageError("invalid_vector", "A vector is needed, with at least one number.", {
        hint: "Give the vector that the embedding made.",
      });
    if (!(similarity >= 0 && similarity <= 1))
      throw new UsageError("invalid_similarity", `The similarity is ${similarity}, and must be from 0 to 1.`, {
        hint: "0 takes everything, 1 only the same direction.",
      });
    const found = await this.store.nearest(tenant, vector, checkLimit(topK), similarity);
    return found.map(({ record, score }: Scored) => ({ ...foundOf(record, includeVector), score }));
  }

  async queryByKeyword(tenant: string, keyword: string, topK = defaultTopK, includeMetadata = true): Promise<Found[]> {
    checkTenant(tenant);
    if (keyword === "")
      throw new UsageError("invalid_keyword", "A keyword is needed.", { hint: "Give a word that the records hold." });
    const records = await this.store.withKeyword(tenant, wellFormed(keyword, "The keyword"), checkLimit(topK));
    return records.map((record) => (includeMetadata ? foundOf(record, false) : { uniqueid: record.uniqueid }));
  }

  async queryByFilter(tenant: string, filter: Filter, topK = defaultTopK, connected = false): Promise<Found[]> {
    checkTenant(tenant);
    const found = await this.store.matching(tenant, checkFilter(filter), checkLimit(topK));
    if (!connected) return found.map((record) => foundOf(record, false));
    const known = new Set(found.map(({ uniqueid }) => uniqueid));
    const named = found.flatMap(({ properties }) => [
      ...(properties.incomingConnections ?? []),
      ...(properties.outgoingConnections ?? []),
    ]);
    const ids = [...new Set(named.filter((id) => id !== "").map(canonicalId))].filter((id) => !known.has(id));
    return [...found, ...(await this.store.get(tenant, ids))].map((record) => foundOf(record, false));
  }

  async getMostRecentRecords(tenant: string, limit = defaultTopK): Promise<Found[]> {
    checkTenant(tenant);
    return (await this.store.mostRecent(tenant, checkLimit(limit))).map((record) => foundOf(record, true));
  }

  async getRecordsByIds(tenant: string, ids: readonly string[]): Promise<Found[]> {
    checkTenant(tenant);
    return (await this.store.get(tenant, checkIds(ids))).map((record) => foundOf(record, true));
  }

  async getRecordById(tenant: string, id: string): Promise<Found | undefined> {
    return (await this.getRecordsByIds(tenant, [id]))[0];
  }

  async syncByLastModified(
    tenant: string,
    lastSync: Date | number | string,
    _deviceId: string | null,
    limit = 100,
    offset = 0,
  ): Promise<SyncPage> {
    checkTenant(tenant);
    const since = new Date(lastSync).getTime() - overlapMillis;
    if (Number.isNaN(since))
      throw new UsageError("invalid_date", `${String(lastSync)} is no date.`, {
        hint: "Give a Date, or an ISO timestamp with its zone.",
      });
    if (!Number.isInteger(offset) || offset < 0 || checkLimit(limit) + offset > mostResults) {
      throw new UsageError("invalid_page", `limit + offset must be at most ${mostResults}.`, {
        hint: "Take the lastModified of the last record as the new cursor.",
      });
    }
    const [records, deleted_results] = await Promise.all([
      this.store.changedSince(tenant, since, limit, offset),
      this.deleted.since(tenant, since, limit, offset),
    ]);
    return { results: records.map((record) => foundOf(record, true)), deleted_results };
  }

  /** Reads, merges, writes. */
  private async update(tenant: string, given: string, updates: RecordInput): Promise<boolean> {
    checkTenant(tenant);
    const [id] = checkIds([given]) as [string];
    const { uniqueid: _, ...others } = updates;
    return this.inTurn(`${tenant}/${id}`, async () => {
      const [record] = await this.store.get(tenant, [id]);
      if (record === undefined) return false;
      const [refused] = await this.store.put(tenant, [recordOf({ ...inputOf(record), ...others })]);
      if (refused !== undefined) throw refusedError(this.store.name, refused);
      return true;
    });
  }

  private async inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.updating.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => {});
    this.updating.set(key, settled);
    try {
      return await mine;
    } finally {
      if (this.updating.get(key) === settled) this.updating.delete(key);
    }
  }
}

/** The records, those that come twice once, as the last of them says, with what the options say of all. */
export function toRecords(
  inputs: readonly (RecordInput | GeneralWeaviateRecord)[],
  { type, lastUpdateDevice, lastUpdateDeviceId }: UpsertOptions = {},
): GeneralWeaviateRecord[] {
  const stamp = Object.fromEntries(
    Object.entries({ recordType: type, lastUpdateDevice, lastUpdateDeviceId }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const records = new Map<string, GeneralWeaviateRecord>();
  for (const input of inputs) {
    const given = "properties" in input && "toMilvusDict" in input ? inputOf(input as GeneralWeaviateRecord) : input;
    const record = recordOf({ ...given, ...stamp });
    records.delete(record.uniqueid);
    records.set(record.uniqueid, record);
  }
  return [...records.values()];
}

function foundOf(record: GeneralWeaviateRecord, includeVector: boolean): Found {
  const { vector, ...others } = inputOf(record);
  return { ...others, uniqueid: record.uniqueid, ...(includeVector ? { vector } : {}) };
}

export function checkIds(ids: readonly string[]): string[] {
  return ids.map((id) => {
    if (typeof id === "string" && id !== "") return canonicalId(wellFormed(id, "uniqueid"));
    throw new UsageError("invalid_id", "An id must be text of at least one character.", {
      hint: "Give the id that the record has, or a new one. Nothing was written.",
    });
  });
}

function checkLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= mostResults) return limit;
  throw new UsageError("invalid_limit", `The limit is ${limit}, and must be from 1 to ${mostResults}.`, {
    hint: "Ask for fewer at a time.",
  });
}

function checkFilter(filter: Filter): Filter {
  const entries = Object.entries(filter);
  if (entries.length === 0)
    throw new UsageError("invalid_filter", "A filter needs at least one field.", {
      hint: "Give a field and what it is compared with, or list the newest records instead.",
    });
  for (const [name, value] of entries) {
    if (!isFieldName(name))
      throw new UsageError("unknown_field", `There is no field ${JSON.stringify(name)}.`, {
        hint: "src/vectors/records/fields.ts has the fields of each kind of record.",
      });
    checkCondition(name, value);
  }
  return filter;
}

function checkCondition(name: FieldName, value: unknown): void {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  for (const one of values) {
    if (typeof one === "string") wellFormed(one, name);
    else if (typeof one === "number" || typeof one === "bigint") int64(one, name);
    else
      throw new UsageError(
        "invalid_filter",
        `${name} must be compared with text, a whole number, or a list of texts.`,
        {
          hint: "Give one of these. Nothing was asked of a store.",
        },
      );
  }
}

export function refusedError(store: string, { id, type, reason }: Refusal): AppError {
  return new AppError(type, `${store} does not take record ${JSON.stringify(id)}: ${reason}`, {
    hint: "Correct the record and write it again. Nothing of it was written.",
  });
}
