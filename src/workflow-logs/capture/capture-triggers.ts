import type { Pool, PoolClient } from "pg";
import { quoteIdentifier, quoteLiteral } from "../../stores/postgres/table.ts";
import { type CapturedTable, captureFunction, functionSettings } from "./capture-function.ts";

interface Trigger {
  readonly name: string;
  readonly event: "insert" | "update" | "delete" | "truncate";
  readonly rows: string;
}

/**
 * Once for a statement, with its rows beside it: a statement that writes thousands of rows records them with one more.
 */
const triggers: readonly Trigger[] = [
  { name: "log_archive_insert", event: "insert", rows: "referencing new table as new_rows" },
  { name: "log_archive_update", event: "update", rows: "referencing old table as old_rows new table as new_rows" },
  { name: "log_archive_delete", event: "delete", rows: "referencing old table as old_rows" },
  { name: "log_archive_truncate", event: "truncate", rows: "" },
];
export const triggerNames = triggers.map(({ name }) => name);

/** What of the capture a table has. */
export interface TableCapture {
  /** Names of the triggers that are there. */
  readonly present: readonly string[];
  /** All of them are, and fire whatever session_replication_role says. */
  readonly isFiring: boolean;
  /** The function is what this program makes. */
  readonly isCurrent: boolean;
}

/** Looks at the catalogue; touches nothing. */
export async function inspectCapture(db: Pool | PoolClient, captured: CapturedTable): Promise<TableCapture> {
  const { name, body } = captureFunction(captured);
  const found = await db.query<{ present: string[]; firing: number; current: boolean }>(
    `with f as (select p.oid, p.prosrc = $3 and p.prosecdef and p.proconfig = $4::text[] as current
                  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                 where n.nspname = 'log_archive' and p.proname = $2 and p.pronargs = 0),
          t as (select tgname::text as name, tgenabled = 'A' as fires from pg_trigger
                 where tgrelid = $1::regclass and tgname = any($5) and tgfoid = (select oid from f))
     select to_json(array(select name from t)) as present, (select count(*)::int from t where fires) as firing,
            coalesce((select current from f), false) as current`,
    [captured.table.sqlName, name, body, functionSettings.stored, triggerNames],
  );
  const { present, firing, current } = found.rows[0]!;
  return { present, isFiring: firing === triggers.length, isCurrent: current };
}

/**
 * The function is what this program makes. Takes no lock on the table; writes under way finish with the one they began
 * with.
 */
export async function replaceFunction(db: Pool | PoolClient, captured: CapturedTable): Promise<void> {
  const { name, body } = captureFunction(captured);
  const sqlName = `log_archive.${quoteIdentifier(name)}()`;
  await db.query(
    `create or replace function ${sqlName} returns trigger language plpgsql security definer ${functionSettings.sql}
       as ${quoteLiteral(body)};
     revoke all on function ${sqlName} from public`,
  );
}

/**
 * Call in a transaction that holds the table in SHARE ROW EXCLUSIVE mode. Triggers that were switched off fire again.
 */
export async function addTriggers(client: PoolClient, captured: CapturedTable): Promise<void> {
  const { present } = await inspectCapture(client, captured);
  const table = captured.table.sqlName;
  const calls = `execute function log_archive.${quoteIdentifier(captureFunction(captured).name)}()`;
  for (const { name, event, rows } of triggers) {
    if (!present.includes(name))
      await client.query(`create trigger ${name} after ${event} on ${table} ${rows} for each statement ${calls}`);
    await client.query(`alter table ${table} enable always trigger ${name}`);
  }
}

/** Call in a transaction that holds the table in ACCESS EXCLUSIVE mode. */
export async function dropTriggers(client: PoolClient, captured: CapturedTable): Promise<void> {
  for (const name of triggerNames) await client.query(`drop trigger if exists ${name} on ${captured.table.sqlName}`);
}

export async function dropFunction(db: Pool | PoolClient, captured: CapturedTable): Promise<void> {
  await db.query(`drop function if exists log_archive.${quoteIdentifier(captureFunction(captured).name)}()`);
}
