import type { Client } from "pg";

/**
 * The tables of the archive by the names that the guide gives their indices: written down here once more, so that tests
 * do not believe the program.
 */
export const archivedTables = [
  { dataType: "workflow_runs", table: "workflow_runs", resource: "workflow-runs" },
  { dataType: "app_logs", table: "workflow_app_logs", resource: "workflow-app-logs" },
  { dataType: "node_executions", table: "workflow_node_executions", resource: "workflow-node-executions" },
] as const;
export type ArchivedTable = (typeof archivedTables)[number];

export interface SourceColumn {
  name: string;
  type: string;
}

/** One row as PostgreSQL itself prints it. */
export interface SourceRow {
  id: string;
  tenantId: string;
  /** `YYYY.MM` of created_at in UTC; null when it has none. */
  month: string | null;
  /** Every column cast to text. */
  texts: Record<string, string | null>;
  /** The eight bytes of each double, in hex. */
  doubles: Record<string, string | null>;
  /** Seconds that the source's clock was ahead of UTC, for timestamps of the years 1 to 9999. */
  offsets: Record<string, string | null>;
  offloads: OffloadRow[];
}

/** An offload row with every column as text, and its file in the same form. */
export interface OffloadRow {
  texts: Record<string, string | null>;
  file: Record<string, string | null> | null;
}

/** Connections of tests print values in one form, whatever the database's own settings are. */
export async function printExactly(client: Client): Promise<void> {
  await client.query("SET TIME ZONE 'UTC'; SET datestyle TO 'ISO, YMD'; SET extra_float_digits TO 3");
}

export async function columnsOf(client: Client, table: string): Promise<SourceColumn[]> {
  const { rows } = await client.query<SourceColumn>(
    `SELECT column_name AS name, udt_name AS type FROM information_schema.columns
      WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position`,
    [table],
  );
  return rows;
}

export async function allIds(client: Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(`SELECT id::text AS id FROM ${table} ORDER BY created_at, id`);
  return rows.map((row) => row.id);
}

/** The rows with these ids, with their offload rows where the schema has such. */
export async function readRows(
  client: Client,
  { table, dataType }: ArchivedTable,
  columns: readonly SourceColumn[],
  ids: readonly string[],
  timeZone: string,
): Promise<Map<string, SourceRow>> {
  const { rows } = await client.query<Omit<SourceRow, "offloads">>(
    `SELECT id::text AS id, tenant_id::text AS "tenantId",
            CASE WHEN ${hasMonth("created_at")} THEN to_char(created_at AT TIME ZONE $2 AT TIME ZONE 'UTC', 'YYYY.MM') END AS month,
            ${jsonObject(columns, (name) => `${name}::text`)} AS texts,
            ${jsonObject(ofType(columns, "float8"), (name) => `encode(float8send(${name}), 'hex')`)} AS doubles,
            ${jsonObject(ofType(columns, "timestamp"), (name) => `CASE WHEN ${hasMonth(name)} THEN ${ahead(name)} END`)} AS offsets
       FROM ${table} WHERE id = ANY($1::uuid[])`,
    [ids, timeZone],
  );
  const offloads = dataType === "node_executions" ? await readOffloads(client, ids) : new Map<string, OffloadRow[]>();
  return new Map(rows.map((row) => [row.id, { ...row, offloads: offloads.get(row.id) ?? [] }]));
}

async function readOffloads(client: Client, nodeIds: readonly string[]): Promise<Map<string, OffloadRow[]>> {
  const columns = await columnsOf(client, "workflow_node_execution_offload");
  const found = new Map<string, OffloadRow[]>();
  if (columns.length === 0) return found; // Dify has the table from 1.9 on
  const fileColumns = await columnsOf(client, "upload_files");
  const { rows } = await client.query<OffloadRow & { nodeId: string }>(
    `SELECT o.node_execution_id::text AS "nodeId", ${jsonObject(columns, (name) => `o.${name}::text`)} AS texts,
            CASE WHEN f.id IS NOT NULL THEN ${jsonObject(fileColumns, (name) => `f.${name}::text`)} END AS file
       FROM workflow_node_execution_offload o LEFT JOIN upload_files f ON f.id = o.file_id
      WHERE o.node_execution_id = ANY($1::uuid[])`,
    [nodeIds],
  );
  for (const { nodeId, texts, file } of rows) found.set(nodeId, [...(found.get(nodeId) ?? []), { texts, file }]);
  return found;
}

function ofType(columns: readonly SourceColumn[], type: string): SourceColumn[] {
  return columns.filter((column) => column.type === type);
}

function jsonObject(columns: readonly SourceColumn[], expression: (name: string) => string): string {
  const members = columns.map(({ name }) => `'${name}', ${expression(`"${name}"`)}`);
  return `json_build_object(${members.join(", ")})`;
}

function hasMonth(name: string): string {
  return `${name} >= '0001-01-01' AND ${name} < '10000-01-01'`;
}

function ahead(name: string): string {
  return `(extract(epoch FROM ${name}) - extract(epoch FROM ${name} AT TIME ZONE $2))::bigint::text`;
}
