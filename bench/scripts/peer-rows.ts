import pg from "pg";

/** What the ways that others would write it are asked to do. */
export interface PeerTask {
  databaseUrl: string;
  elasticsearchUrl: string;
  tenantId: string;
  /** Name of an index without its month. */
  indexBase: string;
  batch: number;
}

export interface PeerRow {
  index: string;
  id: string;
  document: Record<string, unknown>;
}

const jsonColumns = ["inputs", "process_data", "outputs", "execution_metadata"];

/**
 * Pages of a tenant's node executions by keyset, as documents with their JSON parsed. Times stay text: a Date costs
 * more.
 */
export async function* keysetPages({ databaseUrl, tenantId, indexBase, batch }: PeerTask): AsyncGenerator<PeerRow[]> {
  pg.types.setTypeParser(pg.types.builtins.TIMESTAMP, (text) => text);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    let last = ["-infinity", "00000000-0000-0000-0000-000000000000"];
    for (;;) {
      const { rows } = await client.query<Record<string, unknown>>({
        name: "page",
        text: `select * from workflow_node_executions where tenant_id = $1 and (created_at, id) > ($2, $3)
          order by created_at, id limit $4`,
        values: [tenantId, ...last, batch],
      });
      if (rows.length === 0) return;
      last = [rows.at(-1)!["created_at"] as string, rows.at(-1)!["id"] as string];
      yield rows.map((row) => toDocument(row, indexBase));
    }
  } finally {
    await client.end();
  }
}

export function toDocument(row: Record<string, unknown>, indexBase: string): PeerRow {
  const createdAt = row["created_at"] as string;
  for (const column of jsonColumns) row[column] = parsed(row[column] as string | null);
  for (const column of ["created_at", "finished_at"]) row[column] = isoTime(row[column] as string | null);
  return { index: indexBase + createdAt.slice(0, 7).replace("-", "."), id: row["id"] as string, document: row };
}

function parsed(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}

function isoTime(text: string | null): string | null {
  return text === null ? null : `${text.replace(" ", "T")}Z`;
}
