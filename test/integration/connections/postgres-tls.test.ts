import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startPostgres } from "../../../dev/servers/start-postgres.ts";
import type { RunningServer } from "../../../dev/servers/running-server.ts";
import { describePostgresError } from "../../../src/stores/postgres/errors.ts";
import { createPool } from "../../../src/stores/postgres/connection/pool.ts";
import { runAppHere } from "../../support/app-here.ts";
import { Authority, giveToServer } from "../../support/certificates.ts";
import { needs } from "../../support/needs.ts";

let authority: Authority;
let stranger: Authority;
/**
 * Asks for TLS, and for a client's certificate on the database of that name; another has an expired certificate for
 * another name.
 */
let server: RunningServer;
let expired: RunningServer;
let client: { certificate: string; key: string };

async function serverWith(name: string, subject: Parameters<Authority["sign"]>[1]): Promise<RunningServer> {
  const own = authority.sign(name, subject);
  await giveToServer(own);
  const hba = join(authority.folder, `${name}.hba`);
  writeFileSync(
    hba,
    [
      "hostnossl plain all 127.0.0.1/32 scram-sha-256",
      "hostssl certs all 127.0.0.1/32 scram-sha-256 clientcert=verify-full",
      "hostssl all all 127.0.0.1/32 scram-sha-256",
      "",
    ].join("\n"),
    { mode: 0o644 },
  );
  const settings = {
    ssl: "on",
    ssl_cert_file: own.certificate,
    ssl_key_file: own.key,
    ssl_ca_file: authority.certificate,
    hba_file: hba,
  };
  // untilReady asks as it always does: sslmode is of the test alone
  return startPostgres({
    flags: Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
    tls: true,
  });
}

beforeAll(async () => {
  authority = new Authority();
  stranger = new Authority();
  client = authority.sign("client", { subject: "postgres" });
  [server, expired] = await Promise.all([
    serverWith("server", { subject: "db", names: "IP:127.0.0.1" }),
    serverWith("expired", { subject: "db", names: "DNS:db.internal", expired: true }),
  ]);
  for (const database of ["plain", "certs"]) await ask(`${server.url}?sslmode=require`, `create database ${database}`);
}, 120_000);

afterAll(async () => {
  await Promise.all([server?.stop(), expired?.stop()]);
  for (const { folder } of [authority, stranger]) rmSync(folder, { recursive: true, force: true });
});

async function ask(
  url: string,
  statement = "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
): Promise<unknown> {
  const pool = createPool(url, 2);
  try {
    return (await pool.query<{ ssl?: boolean }>(statement)).rows[0]?.ssl;
  } catch (error) {
    throw describePostgresError(error) ?? error;
  } finally {
    await pool.end();
  }
}

const withDatabase = (name: string): string => server.url.replace(/postgres$/, name);

test("prefer, the default, uses TLS where the server has it and does without where it must", async () => {
  expect(await ask(server.url)).toBe(true);
  expect(await ask(withDatabase("plain"))).toBe(true);
  expect(await ask(await needs("postgres"))).toBe(false);
});

test("allow goes without TLS where the server lets it, and with it where it must", async () => {
  expect(await ask(`${withDatabase("plain")}?sslmode=allow`)).toBe(false);
  expect(await ask(`${server.url}?sslmode=allow`)).toBe(true);
});

test("require, verify-ca and verify-full verify what libpq verifies", async () => {
  const ca = `sslrootcert=${authority.certificate}`;
  expect(await ask(`${server.url}?sslmode=require`)).toBe(true);
  for (const mode of ["require", "verify-ca", "verify-full"])
    expect(await ask(`${server.url}?sslmode=${mode}&${ca}`)).toBe(true);
  await expect(ask(`${server.url}?sslmode=disable`)).rejects.toMatchObject({ code: "database_login" });
});

test.each([
  ["an unknown authority", () => `${server.url}?sslmode=verify-full`, "database_tls", /sslrootcert/],
  [
    "another authority",
    () => `${server.url}?sslmode=require&sslrootcert=${stranger.certificate}`,
    "database_tls",
    /sslrootcert/,
  ],
  [
    "an expired certificate",
    () => `${expired.url}?sslmode=verify-ca&sslrootcert=${authority.certificate}`,
    "database_tls",
    /clock/,
  ],
  [
    "another name",
    () => `${server.url.replace("127.0.0.1", "localhost")}?sslmode=verify-full&sslrootcert=${authority.certificate}`,
    "database_tls",
    /verify-ca/,
  ],
  ["no client certificate", () => `${withDatabase("certs")}?sslmode=require`, "database_login", /pg_hba/],
])("%s is a sentence with a hint", async (_, url, code, hint) => {
  await expect(ask(url())).rejects.toMatchObject({ code, hint: expect.stringMatching(hint) as string });
});

test("a server without TLS is said as such", async () => {
  await expect(ask(`${await needs("postgres")}?sslmode=require`)).rejects.toMatchObject({
    code: "database_tls",
    hint: expect.stringContaining("sslmode=disable") as string,
  });
});

test("a client's certificate is shown", async () => {
  const own = `sslcert=${client.certificate}&sslkey=${client.key}`;
  expect(await ask(`${withDatabase("certs")}?sslmode=verify-full&sslrootcert=${authority.certificate}&${own}`)).toBe(
    true,
  );
});

test("the command line says it in a sentence, without a trace and without the driver's warnings, also with DB_*", async () => {
  const url = new URL(server.url);
  const parts = { DB_HOST: url.hostname, DB_PORT: url.port, DB_PASSWORD: url.password, DB_DATABASE: "postgres" };
  const run = (env: NodeJS.ProcessEnv) =>
    runAppHere({ databaseUrl: "", elasticsearchUrl: "http://127.0.0.1:9", prefix: "x" }, ["db", "current"], {
      ...parts,
      ...env,
    });
  const wrong = await run({ PGSSLMODE: "verify-full" });
  expect(wrong).toMatchObject({ code: 1, stdout: "" });
  expect(wrong.stderr).toContain("No trusted TLS connection to PostgreSQL");
  expect(wrong.stderr).not.toMatch(/defect|at .*\.js|WARNING/);
  const right = await run({ PGSSLMODE: "verify-full", PGSSLROOTCERT: authority.certificate });
  expect(right).toMatchObject({ code: 0, stderr: "" });
  const nowhere = await run({ PGSSLROOTCERT: "/nowhere/ca.crt" });
  expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining("/nowhere/ca.crt") as string });
});
