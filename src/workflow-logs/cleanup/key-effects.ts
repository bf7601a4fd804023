import { sql } from "kysely";
import { AppError } from "../../engine/errors.ts";
import type { StateDatabase } from "../state/database.ts";
import { deleteTriggersOn, type KnownTrigger } from "./tables/delete-triggers.ts";
import type { ForeignKeys } from "./tables/foreign-keys.ts";

/** Rows deleted or changed in each table by the transaction so far, by name. */
export type Effects = ReadonlyMap<string, number>;

/**
 * What the transaction has done to the tables that foreign keys act on, as the server counts it for this session. A
 * rule that keeps rows cannot see a reference that is made while the delete waits for its lock; what a key's action
 * then did is seen here.
 */
export async function effectsOf(db: StateDatabase, { acting }: Pick<ForeignKeys, "acting">): Promise<Effects> {
  if (acting.length === 0) return new Map();
  const { rows } = await sql<{
    name: string;
    rows: string;
  }>`select name, sum(pg_stat_get_xact_tuples_deleted(part.oid) +
      pg_stat_get_xact_tuples_updated(part.oid))::bigint::text as rows
    from unnest(${[...acting]}::text[]) name, lateral (select name::regclass::oid as oid union select relid from pg_partition_tree(name::regclass)) part
    group by name`.execute(db);
  return new Map(rows.map(({ name, rows: count }) => [name, Number(count)]));
}

/** Whether rows of these tables were touched, but for so many that were deleted in each. */
export function touchedOthers(before: Effects, after: Effects, deleted: ReadonlyMap<string, number>): boolean {
  return [...after].some(([name, rows]) => rows - (before.get(name) ?? 0) !== (deleted.get(name) ?? 0));
}

/** What may act on a delete, as it was when the purge began. */
export interface KnownActors {
  readonly foreignKeys: ForeignKeys;
  readonly deleteTriggers: readonly KnownTrigger[];
}

/**
 * Throws AppError when the log tables have foreign keys to them, or triggers or rules on their deletes, that were not
 * there at the start. To be asked when the transaction has deleted from them: until its end none can be made.
 */
export async function requireSameActors(
  db: StateDatabase,
  tables: readonly string[],
  { foreignKeys, deleteTriggers }: KnownActors,
): Promise<void> {
  const { rows } = await sql<{ oid: string; name: string; table: string | null }>`
    select k.oid::text as oid, k.conname as name, null as table, false as "isInstead" from pg_constraint k
    where k.contype = 'f' and k.conparentid = 0 and k.confrelid in (select o from unnest(${[...tables]}::text[]::regclass[]) o
      union select relid from unnest(${[...tables]}::text[]::regclass[]) o, pg_partition_tree(o))
    union all (${sql.raw(deleteTriggersOn(tables))})`.execute(db);
  const known = new Set([...foreignKeys.oids, ...deleteTriggers.map(({ oid }) => oid)]);
  const made = rows.find(({ oid }) => !known.has(oid));
  if (made === undefined) return;
  if (made.table === null)
    throw new AppError("references_changed", "A foreign key to the log tables was made while they were purged.", {
      hint: "Run the same command again: it looks at the keys at its start. Of this batch nothing was deleted.",
    });
  throw new AppError(
    "triggers_changed",
    `The trigger or rule ${made.name} on the deletes of ${made.table} was made while logs were purged.`,
    {
      hint: "Look at what it does, for it would run for each row that is purged. If that is meant, run the same command again. Of this batch nothing was deleted.",
    },
  );
}
