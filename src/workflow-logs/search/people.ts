import type { Client } from "@elastic/elasticsearch";
import type { Pool } from "pg";
import { search } from "../../stores/elasticsearch/documents/search.ts";
import { readableTable } from "../partitions/source-schema.ts";

/** Where people are looked for: the platform's tables, and the app logs of the archive, which outlive them. */
export interface People {
  readonly postgres: Pool;
  readonly elasticsearch: Client;
  /** Names of indices of app logs. */
  readonly appLogs: () => Promise<readonly string[]>;
}

const kinds = {
  session: { table: "end_users", column: "session_id", field: "archive.end_user.session_id" },
  account: { table: "accounts", column: "email", field: "archive.account.email" },
} as const;

/** There are few of one session or address; Elasticsearch takes 65,536 ids in one condition. */
const mostPeople = 10_000;

/** Ids of the end users with a session id, or of the accounts with an e-mail address; none is no error. */
export async function peopleOf(people: People, kind: keyof typeof kinds, name: string): Promise<string[]> {
  const [rows, logs] = await Promise.all([ofTable(people, kind, name), ofAppLogs(people, kind, name)]);
  return [...new Set([...rows, ...logs])];
}

/** None where the platform has no such table, or this role may not read it. */
async function ofTable({ postgres }: People, kind: keyof typeof kinds, name: string): Promise<string[]> {
  const { table: tableName, column } = kinds[kind];
  const table = await readableTable(postgres, tableName);
  if (table === undefined) return [];
  const { rows } = await postgres.query<{ id: string }>(
    `select id::text as id from ${table.sqlName} where ${column} = $1 limit ${mostPeople}`,
    [name],
  );
  return rows.map(({ id }) => id);
}

async function ofAppLogs(
  { elasticsearch, appLogs }: People,
  kind: keyof typeof kinds,
  name: string,
): Promise<string[]> {
  const { aggregations } = await search(elasticsearch, {
    indices: await appLogs(),
    size: 0,
    query: { bool: { filter: [{ term: { [kinds[kind].field]: name } }] } },
    aggregations: { people: { terms: { field: "created_by", size: mostPeople } } },
  });
  const { buckets = [] } = (aggregations["people"] ?? {}) as { buckets?: { key: string }[] };
  return buckets.map(({ key }) => key);
}
