import type { Pool } from "pg";
import { inspectTable, type Table } from "../../../stores/postgres/table.ts";

const inspected = new WeakMap<Pool, Map<string, Promise<Table | undefined>>>();

/**
 * The table as it was when it was first asked for through this pool. A repository within a transaction asks for nothing
 * more then: it would need a second connection while it holds one, and enough of those wait for each other for ever.
 */
export async function inspectOnce(pool: Pool, name: string): Promise<Table | undefined> {
  const tables = inspected.get(pool) ?? new Map<string, Promise<Table | undefined>>();
  inspected.set(pool, tables);
  const asked = tables.get(name) ?? inspectTable(pool, name);
  tables.set(name, asked);
  const table = await asked.catch((error: unknown) => {
    tables.delete(name);
    throw error;
  });
  if (table === undefined) tables.delete(name); // it may come
  return table;
}
