import { quoteIdentifier, quoteLiteral, type Table } from "../../stores/postgres/table.ts";

/** A table of the platform whose writes are recorded. */
export interface CapturedTable {
  readonly table: Table;
  readonly dataType: string;
  /**
   * The column with the id of another record in whose document the rows travel; undefined where each row is a record.
   */
  readonly partOf: string | undefined;
}

const ownWriteSetting = "log_archive.own_write";

/**
 * For a transaction of ours whose writes are not to be copied: what it deletes was proven to be in the archive, what it
 * inserts comes from there.
 */
export const asOwnWrite = `set local ${ownWriteSetting} = 'on'`;

/** What a trigger function is made of, as pg_proc has it. */
export interface CaptureFunction {
  /** In schema log_archive. */
  readonly name: string;
  readonly body: string;
}

/**
 * Names mean what they meant when it was made, and a locked registry holds no write up for long; as a statement has it
 * and as pg_proc does.
 */
export const functionSettings = {
  sql: "set search_path to pg_catalog, pg_temp set lock_timeout to '1s'",
  stored: ["search_path=pg_catalog, pg_temp", "lock_timeout=1s"],
} as const;

/**
 * The function that all capture triggers of the table call. Whatever goes wrong in it leaves the platform's write alone
 * and advances capture_gaps, a sequence, because what advanced it stays advanced also when the write is rolled back.
 * Only a cancelled statement stays cancelled.
 */
export function captureFunction(captured: CapturedTable): CaptureFunction {
  const { table } = captured;
  return {
    name: `capture_${table.name}`,
    body: `
begin
  if tg_op = 'TRUNCATE' then
    perform log_archive.count_gap(); -- which rows went cannot be known
  elsif coalesce(current_setting('${ownWriteSetting}', true), '') <> 'on' then
    ${(captured.partOf === undefined ? recordRows(captured) : recordOwners(captured, captured.partOf)).trim()}
  end if;
  return null;
exception when others then
  begin
    raise log 'log_archive: a write into % was not recorded: %', tg_table_name, sqlerrm;
    perform log_archive.count_gap();
  exception when others then
    null;
  end;
  return null;
end
`,
  };
}

/**
 * A full join is no nested loop whatever plan was kept from a write of one row, and tells apart rows whose id was
 * changed.
 */
function recordRows({ table, dataType }: CapturedTable): string {
  const type = quoteLiteral(dataType);
  const [before, now] = [createdAt(table, "o"), createdAt(table, "n")];
  const tenant = (rows: string): string => orEmpty(table, "tenant_id", rows);
  return `
    if tg_op = 'INSERT' then
      insert into log_archive.dirty_rows (data_type, record_id, operation, tenant_id, created_at)
        select ${type}, n.id::text, 'I', ${tenant("n.tenant_id::text")}, ${now} from new_rows n;
    elsif tg_op = 'DELETE' then
      insert into log_archive.dirty_rows (data_type, record_id, operation, tenant_id, old_tenant_id, old_created_at)
        select ${type}, o.id::text, 'D', ${tenant("o.tenant_id::text")}, o.tenant_id::text, ${before} from old_rows o;
    else
      insert into log_archive.dirty_rows (data_type, record_id, operation, tenant_id, old_tenant_id, old_created_at, created_at)
        select ${type}, coalesce(n.id, o.id)::text, case when o.id is null then 'I' when n.id is null then 'D' else 'U' end::"char",
               ${tenant("coalesce(n.tenant_id, o.tenant_id)::text")}, o.tenant_id::text, ${before}, ${now}
          from old_rows o full join new_rows n on n.id = o.id;
    end if;`;
}

function recordOwners({ dataType }: CapturedTable, partOf: string): string {
  const owner = quoteIdentifier(partOf);
  const record = (
    rows: string,
  ): string => `insert into log_archive.dirty_rows (data_type, record_id, operation, tenant_id)
        select distinct ${quoteLiteral(dataType)}, r.${owner}::text, 'T'::"char", r.tenant_id::text from ${rows} r where r.${owner} is not null;`;
  return `
    if tg_op = 'INSERT' then
      ${record("new_rows")}
    elsif tg_op = 'DELETE' then
      ${record("old_rows")}
    else
      ${record(`(select ${owner}, tenant_id from old_rows union select ${owner}, tenant_id from new_rows)`)}
    end if;`;
}

/** A row without a tenant must not make the platform's write a gap. */
function orEmpty(table: Table, column: string, expression: string): string {
  return table.columns.find(({ name }) => name === column)?.notNull === false
    ? `coalesce(${expression}, '')`
    : expression;
}

function createdAt(table: Table, row: string): string {
  const type = table.columns.find(({ name }) => name === "created_at")?.type;
  return type === "timestamptz" ? `${row}.created_at at time zone 'UTC'` : `${row}.created_at`;
}
