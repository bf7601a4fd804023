import { afterAll, beforeAll, expect, test } from "vitest";
import pg from "pg";
import { createSchema } from "../../../dev/sample-logs/schema.ts";
import type { RunningServer } from "../../../dev/servers/running-server.ts";
import { startPostgres } from "../../../dev/servers/start-postgres.ts";
import { installOnce, statusOnce } from "../../support/capture.ts";
import type { Stores } from "../../support/compare-stores.ts";

let server: RunningServer;
let stores: Stores;
beforeAll(async () => {
  server = await startPostgres();
  stores = { databaseUrl: server.url, elasticsearchUrl: "http://127.0.0.1:9", prefix: "unused" };
  await query(async (sql) => createSchema(sql, "1.16"));
});
afterAll(() => server.stop());

async function query<T>(work: (sql: pg.Client) => Promise<T>): Promise<T> {
  const sql = new pg.Client({ connectionString: server.url });
  sql.on("error", () => {});
  await sql.connect();
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

async function crash(): Promise<void> {
  server.kill("SIGKILL");
  await server.restart();
}

/** A write into a table of the platform that the registry takes no note of. */
async function missedWrite(sql: pg.Client): Promise<void> {
  await sql.query("ALTER TABLE log_archive.dirty_rows RENAME TO away");
  await sql.query(
    `INSERT INTO workflow_runs (tenant_id, app_id, workflow_id, type, triggered_from, version, graph, inputs, status, created_by_role, created_by)
     VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'workflow', 'app-run', '1', '{}', '{}', 'succeeded', 'account', gen_random_uuid())`,
  );
  await sql.query("ALTER TABLE log_archive.away RENAME TO dirty_rows");
}

test(
  "after a crash of PostgreSQL there are as many gaps as before, none or those that there were",
  { timeout: 120_000 },
  async () => {
    await installOnce(stores);
    expect((await statusOnce(stores)).gaps).toBe(0);
    await crash();
    expect(await statusOnce(stores)).toMatchObject({ installed: true, gaps: 0 });

    await query(missedWrite);
    expect(await statusOnce(stores)).toMatchObject({ gaps: 1, hasNewGap: true });
    await crash();
    expect((await statusOnce(stores)).gaps).toBe(1);

    await Promise.all(Array.from({ length: 8 }, () => query((sql) => sql.query("SELECT log_archive.count_gap()"))));
    await crash();
    expect((await statusOnce(stores)).gaps).toBe(9);
    await query(async (sql) => {
      const { rows } = await sql.query("SELECT FROM pg_locks WHERE locktype = 'advisory'");
      expect(rows).toEqual([]);
    });
  },
);
