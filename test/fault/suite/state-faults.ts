import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import type { FaultProxy } from "../../support/fault-proxy.ts";
import type { TestArchive } from "../../support/test-archive.ts";

/** What a fault of a store works on. */
export interface FaultedStores {
  readonly archive: TestArchive;
  /** The program's way to PostgreSQL. */
  readonly toPostgres: FaultProxy;
  /** A way of the test's own. */
  readonly sql: Client;
}

export interface StateFault {
  begin(stores: FaultedStores): Promise<void>;
  /** Takes it back; called when the fault has lasted, and always before the command is repeated. */
  end?(stores: FaultedStores): Promise<void>;
  /** Whether an only copy would go: then no command runs that deletes rows or needs purged ones. */
  readonly losesDocuments?: true;
}

/** What operators, other programs and the servers themselves do meanwhile, by the name that docs/reliability.md has. */
export const stateFaults: Readonly<Record<string, StateFault>> = {
  "indices are blocked for writes": {
    begin: ({ archive }) => setting(archive, "index.blocks.write", true),
    end: ({ archive }) => setting(archive, "index.blocks.write", null),
  },
  "the disk reaches its flood stage": {
    begin: ({ archive }) => setting(archive, "index.blocks.read_only_allow_delete", true),
    end: ({ archive }) => setting(archive, "index.blocks.read_only_allow_delete", null),
  },
  "indices are closed": {
    begin: ({ archive }) => eachIndex(archive, (index) => request(archive, "POST", `${index}/_close`)),
    end: ({ archive }) => eachIndex(archive, (index) => request(archive, "POST", `${index}/_open`)),
  },
  "indices are deleted": {
    begin: ({ archive }) => eachIndex(archive, (index) => request(archive, "DELETE", index)),
    losesDocuments: true,
  },
  "templates are removed": {
    begin: ({ archive }) => request(archive, "DELETE", `_index_template/${archive.prefix}*`),
  },
  "PostgreSQL answers late": {
    begin: async ({ toPostgres }) => toPostgres.set({ kind: "delay", millis: 40 }),
    end: async ({ toPostgres }) => toPostgres.set({ kind: "pass" }),
  },
  "connections to PostgreSQL are reset": {
    begin: async ({ toPostgres }) => toPostgres.set({ kind: "reset" }),
    end: async ({ toPostgres }) => toPostgres.set({ kind: "pass" }),
  },
  "answers of PostgreSQL are cut": {
    begin: async ({ toPostgres }) => toPostgres.set({ kind: "cut", afterBytes: 300 }),
    end: async ({ toPostgres }) => toPostgres.set({ kind: "pass" }),
  },
  "sessions are terminated": { begin: ({ sql }) => terminate(sql) },
  "PostgreSQL becomes read-only": {
    begin: async ({ sql }) => {
      await alterDatabase(sql, "SET default_transaction_read_only = on");
      await terminate(sql);
    },
    end: ({ sql }) => alterDatabase(sql, "RESET default_transaction_read_only"),
  },
  "the schema of the state is not there": {
    begin: ({ sql }) => renameState(sql, "log_archive", "log_archive_away"),
    end: ({ sql }) => renameState(sql, "log_archive_away", "log_archive"),
  },
  "log tables are locked by others": {
    begin: async ({ sql }) => {
      await sql.query("BEGIN");
      await sql.query("LOCK TABLE workflow_runs, workflow_node_executions IN ACCESS EXCLUSIVE MODE");
      void sleep(400).then(() => sql.query("COMMIT"));
    },
  },
};

async function request({ elasticsearchUrl }: TestArchive, method: string, path: string, body?: object): Promise<void> {
  const answer = await fetch(`${elasticsearchUrl}/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const text = await answer.text();
  if (!answer.ok && answer.status !== 404) throw new Error(`${method} ${path}: ${text}`);
}

function setting(archive: TestArchive, name: string, value: boolean | null): Promise<void> {
  return request(archive, "PUT", `${archive.prefix}-*/_settings`, { [name]: value });
}

/** By name: Elasticsearch closes, opens and deletes nothing by a pattern. */
async function eachIndex(archive: TestArchive, work: (index: string) => Promise<void>): Promise<void> {
  const list = await fetch(
    `${archive.elasticsearchUrl}/_cat/indices/${archive.prefix}-*?h=index&format=json&expand_wildcards=all`,
  );
  for (const { index } of (await list.json()) as { index: string }[]) await work(index);
}

async function terminate(sql: Client): Promise<void> {
  await sql.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'log-archive'",
  );
}

async function alterDatabase(sql: Client, what: string): Promise<void> {
  const { rows } = await sql.query<{ name: string }>("SELECT quote_ident(current_database()) AS name");
  await sql.query(`ALTER DATABASE ${rows[0]!.name} ${what}`);
}

async function renameState(sql: Client, from: string, to: string): Promise<void> {
  const { rows } = await sql.query("SELECT FROM pg_namespace WHERE nspname = $1", [from]);
  const { rows: inTheWay } = await sql.query("SELECT FROM pg_namespace WHERE nspname = $1", [to]);
  if (rows.length === 0) return;
  if (inTheWay.length > 0) await sql.query(`DROP SCHEMA ${to} CASCADE`); // a command made an empty one meanwhile
  await sql.query(`ALTER SCHEMA ${from} RENAME TO ${to}`);
}
