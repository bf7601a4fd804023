import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { generateSampleLogs } from "../../../dev/sample-logs/generate.ts";
import { createSchema } from "../../../dev/sample-logs/schema.ts";
import { runAppHere } from "../../support/app-here.ts";
import { dropPrefix, uniquePrefix } from "../../support/database.ts";
import { needs } from "../../support/needs.ts";

let sql: pg.Client;
let stores: { databaseUrl: string; elasticsearchUrl: string; prefix: string };
const name = `test_ascii_${Math.random().toString(36).slice(2)}`;

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: await needs("postgres") });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

beforeEach(async () => {
  await onServer(`create database ${name} template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'`);
  const url = new URL(await needs("postgres"));
  url.pathname = `/${name}`;
  stores = { databaseUrl: url.href, elasticsearchUrl: await needs("elasticsearch"), prefix: uniquePrefix() };
  sql = new pg.Client({ connectionString: url.href });
  await sql.connect();
  await createSchema(sql, "1.16");
  await generateSampleLogs({ databaseUrl: url.href, nodeExecutions: 60, tenants: 1, months: 1, graphBytes: 500 });
});
afterEach(async () => {
  await sql.end();
  await dropPrefix(stores.elasticsearchUrl, stores.prefix);
  await onServer(`drop database ${name} with (force)`);
});

test("in an SQL_ASCII database a row with bytes that are no text is a record error, and all others are archived", async () => {
  // 你好 in UTF-8 and then two bytes that no UTF-8 has; a row of UTF-8 alone is archived
  await sql.query("set client_encoding to 'SQL_ASCII'");
  await sql.query(
    "update workflow_runs set inputs = convert_from(decode('e4bda0e5a5bdff80', 'hex'), 'SQL_ASCII') where id = (select min(id::text)::uuid from workflow_runs)",
  );
  await sql.query(
    "update workflow_runs set inputs = convert_from(decode('e4bda0e5a5bd', 'hex'), 'SQL_ASCII') where id = (select max(id::text)::uuid from workflow_runs)",
  );
  const app = (...args: string[]) => runAppHere(stores, ["elasticsearch", ...args, "--json"]);
  expect((await app("preflight")).stdout).toMatch(/SQL_ASCII/);
  const end = await app("migrate");
  expect(end.code).toBe(3);
  expect(JSON.parse(end.stdout)).toMatchObject({ errors: { total: 1, byType: { text_without_encoding: 1 } } });
  const { rows } = await sql.query<{ tenant: string }>("select tenant_id::text as tenant from workflow_runs limit 1");
  const validated = await app("validate", "--tenant-id", rows[0]!.tenant, "--full");
  expect(validated.code).toBe(3);
  expect(JSON.parse(validated.stdout)).toMatchObject({
    byDataType: { workflow_runs: { missing: 1, different: 0, extra: 0 } },
  });
  expect((await app("migrate")).code).toBe(0);
});
