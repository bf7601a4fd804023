import type { DirtyEntry } from "../../state/dirty/dirty-rows.ts";

/** A month of a tenant in which a record was, and the created_at it had there. */
export interface Place {
  readonly tenantId: string;
  readonly month: string;
  /** Undefined where it is not known. */
  readonly createdAt?: string | undefined;
}

/** What several entries say of one record. */
export interface DirtyRecord {
  readonly id: string;
  /** Of the newest entry. */
  readonly tenantId: string;
  readonly versions: readonly string[];
  /** Where its document may lie beside where the row is now, the newest first. */
  readonly places: readonly Place[];
  /** The last thing that was heard of the row is that it was deleted. */
  readonly isDeleted: boolean;
}

/**
 * The records that the entries speak of, in the order in which they were last heard of. Takes entries of one data type
 * in the order of their versions.
 */
export function dirtyRecords(entries: readonly DirtyEntry[]): DirtyRecord[] {
  const records = new Map<string, Writable<DirtyRecord>>();
  for (const entry of entries) {
    const { id, tenantId, version, operation } = entry;
    const record = records.get(id) ?? { id, tenantId, versions: [], places: [], isDeleted: false };
    records.delete(id); // to be last again
    records.set(id, record);
    record.tenantId = tenantId;
    record.versions.push(version);
    const place = placeOf(entry);
    if (place !== undefined) record.places = [place, ...record.places.filter((known) => !isSamePlace(known, place))];
    if (operation !== "T") record.isDeleted = operation === "D";
  }
  return [...records.values()];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

export function isSamePlace(a: Place, b: Place): boolean {
  return a.tenantId === b.tenantId && a.month === b.month;
}

function placeOf({ oldTenantId, oldMonth, oldCreatedAt }: DirtyEntry): Place | undefined {
  if (oldTenantId === null || oldMonth === null || oldCreatedAt === null) return undefined;
  return { tenantId: oldTenantId, month: oldMonth, createdAt: oldCreatedAt };
}
