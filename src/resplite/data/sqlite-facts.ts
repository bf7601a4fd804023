import type { Data } from "./data.ts";
import { kinds } from "./entry.ts";

/** What SQLITE.INFO says of the file. Counts keys of each kind, which takes the longer the more there are. */
export function sqlite({ file, keys }: Data): [string, string | number][] {
  const one = (sql: string): unknown => Object.values(file.prepare(sql).get() ?? {})[0];
  const found = file.prepare("SELECT type, count(*) AS keys FROM redis_keys GROUP BY type").all();
  const counts = new Map(found.map((row) => [row["type"], row["keys"]]));
  const count = (kind: number): number => Number(counts.get(kind) ?? 0);
  return [
    ["path", file.location() ?? ":memory:"],
    ["version", String(one("SELECT sqlite_version()"))],
    ["total_keys", keys.size()],
    ["string_keys", count(kinds.string)],
    ["hash_keys", count(kinds.hash)],
    ["set_keys", count(kinds.set)],
    ["list_keys", count(kinds.list)],
    ["zset_keys", count(kinds.zset)],
    ["journal_mode", String(one("PRAGMA journal_mode"))],
  ];
}
