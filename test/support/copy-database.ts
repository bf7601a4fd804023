import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { needs } from "./needs.ts";
import { printExactly } from "./source-rows.ts";
import type { TestArchive } from "./test-archive.ts";

/** A copy of the archive's database on the same server, with the archive's Elasticsearch and prefix. */
export async function copyDatabase(archive: TestArchive): Promise<TestArchive> {
  const server = new Client({ connectionString: await needs("postgres") });
  await server.connect();
  const name = `test_${randomBytes(6).toString("hex")}`;
  const original = new URL(archive.databaseUrl).pathname.slice(1);
  await server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [original]);
  await server.query(`CREATE DATABASE ${name} TEMPLATE ${original}`);
  const url = new URL(archive.databaseUrl);
  url.pathname = `/${name}`;
  const sql = await connect(url.href);
  archive.sql = await connect(archive.databaseUrl); // the one before was ended: a database in use cannot be copied
  return {
    ...archive,
    databaseUrl: url.href,
    sql,
    async drop() {
      await sql.end();
      await server.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await server.end();
    },
  };
}

async function connect(url: string): Promise<Client> {
  const sql = new Client({ connectionString: url });
  sql.on("error", () => {});
  await sql.connect();
  await printExactly(sql);
  return sql;
}
