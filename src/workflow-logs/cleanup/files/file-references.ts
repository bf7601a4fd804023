import type { Pool } from "pg";
import { quoteLiteral, sqlIdType, type Table } from "../../../stores/postgres/table.ts";

/**
 * Those of the files that something else refers to: any column of the platform's tables that is named after a file or
 * has a foreign key to upload_files, and another file row with the same place in the storage. Offload rows in `except`
 * do not count. Scans tables that have no index for it.
 */
export async function referencedFiles(
  pool: Pool,
  files: Table,
  ids: readonly string[],
  except: { readonly table: Table; readonly offloadIds: readonly string[] } | undefined,
): Promise<ReadonlySet<string>> {
  const columns = await pool.query<{ table: string; column: string; isOffloads: boolean }>(referringColumns, [
    files.sqlName,
    except?.table.sqlName ?? null,
  ]);
  const idType = sqlIdType(files);
  const list = `array[${ids.map(quoteLiteral).join(", ")}]::text[]`;
  const queries = columns.rows.map(({ table, column, isOffloads }) => {
    const own =
      except !== undefined && isOffloads
        ? ` and r.id::text <> all(array[${except.offloadIds.map(quoteLiteral).join(", ")}]::text[])`
        : "";
    return `select r.${column}::text as id from ${table} r where r.${column}::text = any(${list})${own}`;
  });
  queries.push(
    `select f.id::text from ${files.sqlName} f join ${files.sqlName} other on other.key = f.key and other.id <> f.id where f.id = any(${list}::${idType}[])`,
  );
  const found = await pool.query<{ id: string }>(queries.join(" union "));
  return new Set(found.rows.map(({ id }) => id));
}

/**
 * Columns such as file_id, upload_file_id and file_ids of every table beside upload_files in its schema, and whatever
 * has a foreign key to it.
 */
const referringColumns = `
  select format('%I.%I', n.nspname, c.relname) as table, format('%I', a.attname) as column,
         coalesce(c.oid = $2::regclass, false) as "isOffloads"
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
   where c.relkind in ('r', 'p') and not c.relispartition and c.oid <> $1::regclass
     and c.relnamespace = (select relnamespace from pg_class where oid = $1::regclass)
     and (t.typname in ('uuid', 'varchar', 'text', 'bpchar') and a.attname ~ '(^|_)file_id$'
       or exists (select from pg_constraint k where k.contype = 'f' and k.confrelid = $1::regclass and k.conrelid = c.oid and a.attnum = any(k.conkey)))`;
