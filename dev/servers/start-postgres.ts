import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { type Booted, bootAt } from "./boot-at.ts";
import { freePort } from "./free-port.ts";
import { postgresBinaries } from "./postgres-binaries.ts";
import { untilReady, type RunningServer } from "./running-server.ts";
import { serverUser } from "./server-user.ts";
import { supervise, type Supervisor } from "./supervise.ts";

export interface PostgresOptions {
  /** More arguments of the server, like ["-c", "wal_level=logical"]. */
  flags?: string[];
  /** Whether it asks for TLS. */
  tls?: boolean;
  signal?: AbortSignal | undefined;
}

/** Starts a PostgreSQL of its own on a free port of 127.0.0.1 and resolves when it answers. */
export async function startPostgres(options: PostgresOptions = {}): Promise<RunningServer> {
  const runAs = await serverUser();
  const binaries = await postgresBinaries(runAs, options.signal);
  const supervisor = await supervise("postgres", { user: runAs, signal: options.signal });
  try {
    const password = await initialise(supervisor, binaries.initdb);
    return await start(supervisor, binaries.postgres, password, options);
  } catch (error) {
    await supervisor.close();
    throw error;
  }
}

async function initialise(supervisor: Supervisor, initdb: string): Promise<string> {
  const password = randomBytes(12).toString("hex");
  const passwordFile = join(supervisor.folder, "password");
  await writeFile(passwordFile, password, { mode: 0o644 }); // in a folder that is closed to others
  const how = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"];
  const args = [`--pgdata=${join(supervisor.folder, "data")}`, `--pwfile=${passwordFile}`, ...how];
  await supervisor.run({ file: initdb, args, env: { HOME: supervisor.folder }, asUser: true });
  await rm(passwordFile);
  return password;
}

async function start(
  supervisor: Supervisor,
  postgres: string,
  password: string,
  { flags = [], tls = false }: PostgresOptions,
): Promise<RunningServer> {
  const fixed = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "timezone=UTC", "fsync=off"];
  const settings = [...fixed.flatMap((setting) => ["-c", setting]), ...flags];

  async function boot(port: number): Promise<Booted> {
    const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
    const args = ["-D", join(supervisor.folder, "data"), "-p", String(port), ...settings];
    // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
    const server = await supervisor.start({ file: postgres, args, asUser: true, stopSignal: "SIGINT" });
    await untilReady("PostgreSQL", server, supervisor, () => answers(url, tls));
    return { url, pid: server.pid };
  }

  return bootAt(supervisor, freePort, boot);
}

async function answers(url: string, tls: boolean): Promise<true> {
  const ssl = tls && { rejectUnauthorized: false };
  const client = new pg.Client({ connectionString: url, ssl, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {}); // asked again until the deadline
  try {
    await client.connect();
    await client.query("SELECT 1");
    return true;
  } finally {
    await client.end();
  }
}
