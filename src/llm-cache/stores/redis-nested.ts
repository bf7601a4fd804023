import { type CacheEntry, type CacheRecord, type Json, isExactNumber, parseRecord } from "../entries/cache-entry.ts";

/**
 * The entries of one string of an old LightRAG, which kept an object for each mode, hash to record; none when it is no
 * such object. Keys are those that LightRAG gives them when it opens the store: https://github.com/HKUDS/LightRAG,
 * lightrag/kg/redis_impl.py, _migrate_legacy_cache_structure.
 */
export function nestedEntries(mode: string, text: string): CacheEntry[] {
  const records = Object.entries(objectOf(text) ?? {});
  if (!records.every(([, record]) => isObject(record) && "return" in record)) return [];
  return records.map(([hash, record]) => {
    const type = isObject(record) ? record["cache_type"] : undefined;
    return { key: `${mode}:${typeof type === "string" ? type : "extract"}:${hash}`, text: JSON.stringify(record) };
  });
}

function objectOf(text: string): CacheRecord | undefined {
  try {
    return parseRecord(text);
  } catch {
    return undefined; // LightRAG passes over it too
  }
}

function isObject(value: Json): value is CacheRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isExactNumber(value);
}
