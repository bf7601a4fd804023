import type { Refusal } from "../../engine/ports.ts";
import type { FieldName } from "../records/fields.ts";
import type { GeneralWeaviateRecord } from "../records/records.ts";

export interface Scored {
  readonly record: GeneralWeaviateRecord;
  /** Similarity from 0 to 1; 1 is the same direction. */
  readonly score: number;
}

/** A value that a property must equal, or a list of which one must be equal to it, or be in it when it is a list. */
export type Filter = { readonly [Name in FieldName]?: string | number | bigint | readonly string[] };

/**
 * Port: the records of tenants in one store. No call reads or writes another tenant's. What is written is seen by the
 * next read. Reads answer with whole records, vectors included. Both adapters, and what writes to both, pass
 * test/contract/vectors.
 */
export interface RecordStore {
  readonly name: string;
  /** Afterwards each of these is, whole, the record of its id, unless it is named as refused for good. Each id once. */
  put(tenant: string, records: readonly GeneralWeaviateRecord[]): Promise<Refusal[]>;
  /** In the order of `ids`, without those that are not there. */
  get(tenant: string, ids: readonly string[]): Promise<GeneralWeaviateRecord[]>;
  /** Harmless for ids that are not there. */
  remove(tenant: string, ids: readonly string[]): Promise<void>;
  removeAll(tenant: string): Promise<void>;
  count(tenant: string): Promise<number>;
  /** The `limit` nearest whose similarity is above `similarity` (0 to 1), nearest first. */
  nearest(tenant: string, vector: readonly number[], limit: number, similarity: number): Promise<Scored[]>;
  /** Records with `keyword`, as it is written, in their title or content. */
  withKeyword(tenant: string, keyword: string, limit: number): Promise<GeneralWeaviateRecord[]>;
  /** Records that match every condition. */
  matching(tenant: string, filter: Filter, limit: number): Promise<GeneralWeaviateRecord[]>;
  /** The newest by lastModified, then by uniqueid; those without a lastModified are the oldest. */
  mostRecent(tenant: string, limit: number): Promise<GeneralWeaviateRecord[]>;
  /** Records with a lastModified from `since` (milliseconds) on, oldest first, then by uniqueid. */
  changedSince(tenant: string, since: number, limit: number, offset: number): Promise<GeneralWeaviateRecord[]>;
  /**
   * The ids of the tenant's records, in no order, in lists of some hundred; those written or removed meanwhile may be
   * missing.
   */
  ids(tenant: string): AsyncIterable<string[]>;
  /**
   * The tenant's records, in no order, each once, in lists of some hundred; those written or removed meanwhile may be
   * missing.
   */
  records(tenant: string): AsyncIterable<GeneralWeaviateRecord[]>;
}

export function byNewest(a: GeneralWeaviateRecord, b: GeneralWeaviateRecord): number {
  return compare(b.properties.lastModified, a.properties.lastModified) || compareIds(a, b);
}

export function byOldest(a: GeneralWeaviateRecord, b: GeneralWeaviateRecord): number {
  return compare(a.properties.lastModified, b.properties.lastModified) || compareIds(a, b);
}

function compare(a: number | bigint | null | undefined, b: number | bigint | null | undefined): number {
  const [left, right] = [a ?? -Infinity, b ?? -Infinity];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** By code units. */
function compareIds(a: { readonly uniqueid: string }, b: { readonly uniqueid: string }): number {
  return a.uniqueid < b.uniqueid ? -1 : a.uniqueid > b.uniqueid ? 1 : 0;
}

/**
 * Whether the record matches, as both stores are to understand it. What a store's own filter finds is looked at once
 * more with these.
 */
export function hasKeyword({ properties }: GeneralWeaviateRecord, keyword: string): boolean {
  return (properties.title?.includes(keyword) ?? false) || (properties.content?.includes(keyword) ?? false);
}

export function matches({ properties }: GeneralWeaviateRecord, filter: Filter): boolean {
  return Object.entries(filter).every(([name, wanted]) => {
    const value = properties[name as FieldName];
    if (value === undefined || value === null) return false;
    const accepted = Array.isArray(wanted) ? (wanted as readonly unknown[]) : [wanted];
    const has = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    return has.some((one) => accepted.includes(one));
  });
}
