import { AppError } from "../../engine/errors.ts";
import type { Refusal } from "../../engine/ports.ts";
import type { Milvus } from "../../stores/milvus/client.ts";
import { isRecordRefused } from "../../stores/milvus/errors.ts";
import { all, containing, list, literal } from "../../stores/milvus/filters.ts";
import { MilvusRows, mostBytes, mostInPage, mostRows, type Row } from "../../stores/milvus/rows.ts";
import { type Field, fieldNames, fields, isFieldName } from "../records/fields.ts";
import type { GeneralWeaviateRecord } from "../records/records.ts";
import { fitVector, type OnDimensionMismatch } from "./fit-vector.ts";
import { primaryKeys, recordOfRow, rowOf, uniqueidOf } from "./milvus-rows.ts";
import { byNewest, byOldest, type Filter, hasKeyword, matches, type RecordStore, type Scored } from "./record-store.ts";

export interface MilvusStoreOptions {
  readonly collection: string;
  readonly dimension: number;
  /** What is done with a vector of another length. */
  readonly onDimensionMismatch: OnDimensionMismatch;
}

const everything = ["uniqueid", "vector", "tenantName", ...fieldNames, "overflow"];
const idsAtOnce = 500;
/** Pages of ids are light. */
const idsInPage = 8192;

/** The records of tenants in Milvus, told apart by the partition key tenantName, which every filter names. */
export class MilvusStore implements RecordStore {
  readonly name = "Milvus";
  readonly options: MilvusStoreOptions;
  private readonly milvus: Milvus;
  private readonly rows: MilvusRows;

  constructor(milvus: Milvus, options: MilvusStoreOptions) {
    this.milvus = milvus;
    this.options = options;
    this.rows = new MilvusRows(milvus, options.collection, { primary: "uniqueid", partition: "tenantName" });
  }

  async put(tenant: string, records: readonly GeneralWeaviateRecord[]): Promise<Refusal[]> {
    const { hasNulls } = await this.milvus.dialect();
    const { dimension } = this.options;
    const refused: Refusal[] = [];
    const keys = await this.keysFor(tenant, records);
    const rows: Row[] = [];
    for (const [at, record] of records.entries()) {
      try {
        rows.push(rowOf(this.fitted(record), tenant, { primaryKey: keys[at]!, dimension, hasNulls }));
      } catch (error) {
        refused.push(refusal(record.uniqueid, error));
      }
    }
    for (const batch of batches(rows)) refused.push(...(await this.replace(tenant, batch)));
    return refused;
  }

  /** The record as Milvus has it, its vector fitted. Throws AppError dimension_mismatch. */
  fitted(record: GeneralWeaviateRecord): GeneralWeaviateRecord {
    return fitVector(record, this.options.dimension, this.options.onDimensionMismatch);
  }

  async get(tenant: string, ids: readonly string[]): Promise<GeneralWeaviateRecord[]> {
    const found = new Map<string, GeneralWeaviateRecord>();
    const look = async (keys: readonly string[]): Promise<void> => {
      for (const row of await this.withKeys(tenant, keys)) found.set(uniqueidOf(row), recordOfRow(row));
    };
    for (let at = 0; at < ids.length; at += idsAtOnce) {
      const some = ids.slice(at, at + idsAtOnce);
      await look(some.map((id) => primaryKeys(id, tenant)[0]!));
      const others = some.filter((id) => !found.has(id)).flatMap((id) => primaryKeys(id, tenant).slice(1));
      if (others.length > 0) await look(others);
    }
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  /**
   * The tenant's rows with these keys. Milvus Lite takes twice as long when the filter names the tenant; a server looks
   * into fewer rows then.
   */
  private async withKeys(tenant: string, keys: readonly string[]): Promise<Row[]> {
    const { isLite } = await this.milvus.dialect();
    const withKey = `uniqueid in ${list(keys)}`;
    const rows = await this.rows.query(isLite ? withKey : all(withKey, ofTenant(tenant)), everything);
    return rows.filter((row) => row["tenantName"] === tenant);
  }

  async remove(tenant: string, ids: readonly string[]): Promise<void> {
    for (const filter of withIds(tenant, ids)) await this.rows.delete(filter);
  }

  async removeAll(tenant: string): Promise<void> {
    await this.rows.delete(ofTenant(tenant));
  }

  count(tenant: string): Promise<number> {
    return this.rows.count(ofTenant(tenant));
  }

  async nearest(tenant: string, vector: readonly number[], limit: number, similarity: number): Promise<Scored[]> {
    const radius = 2 * similarity - 1;
    const rows = await this.rows.nearest(vector, { filter: ofTenant(tenant), radius, limit, fields: everything });
    return rows.map((row) => ({ record: recordOfRow(row), score: (1 + Number(row["score"])) / 2 }));
  }

  async withKeyword(tenant: string, keyword: string, limit: number): Promise<GeneralWeaviateRecord[]> {
    const { hasInfix } = await this.milvus.dialect();
    const narrowed = ["title", "content"].map((field) => all(ofTenant(tenant), containing(field, keyword)));
    const filters = hasInfix ? [...narrowed, await this.overflowing(tenant)] : [ofTenant(tenant)];
    return this.select(filters, (record) => hasKeyword(record, keyword), limit);
  }

  async matching(tenant: string, filter: Filter, limit: number): Promise<GeneralWeaviateRecord[]> {
    const conditions = Object.entries(filter).map(([name, wanted]) => condition(name, wanted));
    const filters = [all(ofTenant(tenant), ...conditions), await this.overflowing(tenant)];
    return this.select(filters, (record) => matches(record, filter), limit);
  }

  /** Rows that have something in a part that no filter of Milvus sees. */
  private async overflowing(tenant: string): Promise<string> {
    const { hasNulls } = await this.milvus.dialect();
    return hasNulls ? all(ofTenant(tenant), "overflow is not null") : ofTenant(tenant);
  }

  async mostRecent(tenant: string, limit: number): Promise<GeneralWeaviateRecord[]> {
    const keys = await this.keys(ofTenant(tenant), byNewest);
    return this.get(tenant, keys.slice(0, limit));
  }

  async changedSince(tenant: string, since: number, limit: number, offset: number): Promise<GeneralWeaviateRecord[]> {
    const keys = await this.keys(all(ofTenant(tenant), `lastModified >= ${Math.floor(since)}`), byOldest);
    return this.get(tenant, keys.slice(offset, offset + limit));
  }

  async *ids(tenant: string): AsyncGenerator<string[]> {
    for await (const page of this.pages(ofTenant(tenant), ["uniqueid", "tenantName"], idsInPage))
      yield page.map(uniqueidOf);
  }

  async *records(tenant: string): AsyncGenerator<GeneralWeaviateRecord[]> {
    for await (const page of this.pages(ofTenant(tenant), everything, mostRows)) yield page.map(recordOfRow);
  }

  /** Milvus sorts nothing: the ids of all that match, in this order. */
  private async keys(
    filter: string,
    order: (a: GeneralWeaviateRecord, b: GeneralWeaviateRecord) => number,
  ): Promise<string[]> {
    const keys: GeneralWeaviateRecord[] = [];
    for await (const page of this.pages(filter, ["uniqueid", "tenantName", "lastModified", "overflow"], idsInPage)) {
      for (const row of page) {
        const lastModified = isAbsent(row, "lastModified") ? null : BigInt(row["lastModified"] as string);
        keys.push({ uniqueid: uniqueidOf(row), properties: { lastModified } } as GeneralWeaviateRecord);
      }
    }
    return keys.toSorted(order).map(({ uniqueid }) => uniqueid);
  }

  /**
   * Of what one of the filters finds. They are asked one by one, because servers do not agree on what "null or true"
   * is.
   */
  private async select(
    filters: readonly string[],
    isWanted: (record: GeneralWeaviateRecord) => boolean,
    limit: number,
  ): Promise<GeneralWeaviateRecord[]> {
    const found = new Map<string, GeneralWeaviateRecord>();
    for (const filter of filters) {
      for await (const page of this.pages(filter, everything, Math.max(100, Math.min(1000, limit)))) {
        for (const record of page.map(recordOfRow)) if (isWanted(record)) found.set(record.uniqueid, record);
        if (found.size >= limit) return [...found.values()].slice(0, limit);
      }
    }
    return [...found.values()];
  }

  /**
   * Every row that matches, each once. Milvus orders pages by key and refuses an offset beyond 16,384, so the key leads
   * on. Milvus Lite orders nothing, and takes any offset.
   */
  private async *pages(filter: string, columns: string[], limit: number): AsyncGenerator<Row[]> {
    const { isLite } = await this.milvus.dialect();
    let after: string | undefined;
    for (let offset = 0; ; offset += limit) {
      const behind = after === undefined ? filter : all(filter, `uniqueid > ${literal(after)}`);
      const page = await this.rows.query(
        behind,
        columns,
        isLite ? { limit, offset } : { limit: Math.min(limit, mostInPage) },
      );
      if (page.length > 0) yield page;
      if (page.length < limit) return;
      if (!isLite)
        after = page
          .map((row) => row["uniqueid"] as string)
          .reduce((a, b) => (Buffer.compare(Buffer.from(a), Buffer.from(b)) > 0 ? a : b));
    }
  }

  /**
   * The primary keys under which the records are written: the one that each has, else the better one of those that no
   * other tenant has.
   */
  private async keysFor(tenant: string, records: readonly GeneralWeaviateRecord[]): Promise<string[]> {
    const owners = new Map<string, string>();
    for (const keys of keyLists(
      tenant,
      records.map(({ uniqueid }) => uniqueid),
    ))
      for (const row of await this.rows.query(`uniqueid in ${list(keys)}`, ["uniqueid", "tenantName"]))
        owners.set(row["uniqueid"] as string, row["tenantName"] as string);
    return records.map(({ uniqueid }) => {
      const keys = primaryKeys(uniqueid, tenant);
      return keys.find((key) => owners.get(key) === tenant) ?? keys.find((key) => !owners.has(key)) ?? keys.at(-1)!;
    });
  }

  /** Milvus refuses a request whole: halves find the record at fault. */
  private async replace(tenant: string, rows: readonly Row[]): Promise<Refusal[]> {
    try {
      await this.rows.replace(rows, ofTenant(tenant));
      return [];
    } catch (error) {
      if (!isRecordRefused(error)) throw error;
      if (rows.length === 1) return [refusal(uniqueidOf(rows[0]!), error)];
      const middle = Math.ceil(rows.length / 2);
      const first = await this.replace(tenant, rows.slice(0, middle));
      return [...first, ...(await this.replace(tenant, rows.slice(middle)))];
    }
  }
}

function ofTenant(tenant: string): string {
  return `tenantName == ${literal(tenant)}`;
}

function* keyLists(tenant: string, ids: readonly string[]): Generator<string[]> {
  for (let at = 0; at < ids.length; at += idsAtOnce)
    yield ids.slice(at, at + idsAtOnce).flatMap((id) => primaryKeys(id, tenant));
}

function* withIds(tenant: string, ids: readonly string[]): Generator<string> {
  for (const keys of keyLists(tenant, ids)) yield all(`uniqueid in ${list(keys)}`, ofTenant(tenant));
}

function isAbsent(row: Row, name: string): boolean {
  if (row[name] === null || row[name] === undefined) return true;
  const pieces = row["overflow"] as string[] | null;
  if (row[name] !== "0" || !pieces?.length) return false;
  const { has } = JSON.parse(pieces.join("")) as { has?: string[] };
  return has !== undefined && !has.includes(name);
}

function condition(name: string, wanted: Filter[keyof Filter]): string {
  if (!isFieldName(name))
    throw new AppError("unknown_field", `There is no field ${name}.`, {
      hint: "src/vectors/records/fields.ts has the fields of each kind of record.",
    });
  const { kind }: Field = fields[name];
  const values = Array.isArray(wanted) ? (wanted as readonly string[]) : [wanted as string | number | bigint];
  const literals = values.map((value) => (kind === "int64" ? String(value) : literal(String(value))));
  if (literals.length === 0) return `uniqueid in []`;
  return kind === "strings"
    ? `array_contains_any(${name}, [${literals.join(",")}])`
    : `${name} in [${literals.join(",")}]`;
}

function refusal(id: string, error: unknown): Refusal {
  if (!(error instanceof AppError)) throw error;
  return { id, type: error.code, reason: error.message };
}

function* batches(rows: readonly Row[]): Generator<Row[]> {
  let batch: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = sizeOf(row);
    if (batch.length > 0 && (batch.length === mostRows || bytes + size > mostBytes)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(row);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** Roughly, in bytes on the wire. */
function sizeOf(row: Row): number {
  let size = 0;
  for (const value of Object.values(row)) {
    if (typeof value === "string") size += value.length;
    else if (Array.isArray(value))
      size +=
        typeof value[0] === "number"
          ? 4 * value.length
          : value.reduce((sum: number, text: string) => sum + text.length, 0);
  }
  return size;
}
