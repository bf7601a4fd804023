import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { AppError } from "../../src/engine/errors.ts";
import { freePort } from "./free-port.ts";
import { isOnPath } from "./prerequisites.ts";
import { untilReady } from "./running-server.ts";
import { serverUser } from "./server-user.ts";
import { severalTimes } from "./several-times.ts";
import { supervise } from "./supervise.ts";

export interface PgbouncerOptions {
  readonly poolMode: "session" | "transaction" | "statement";
  /** More lines of its section [pgbouncer]. */
  readonly settings?: readonly string[];
}

/**
 * Starts a PgBouncer on a free port of 127.0.0.1 before the PostgreSQL at `databaseUrl`; resolves with the same
 * database's URL through it.
 */
export async function startPgbouncer(
  databaseUrl: string,
  { poolMode, settings = [] }: PgbouncerOptions,
): Promise<{ url: string; stop: () => Promise<void> }> {
  if (!(await isOnPath("pgbouncer"))) {
    throw new AppError("prerequisites_missing", "PgBouncer cannot be started here: found no pgbouncer", {
      hint: "Install pgbouncer (Debian's package of that name).",
    });
  }
  const supervisor = await supervise("pgbouncer", { user: await serverUser() });
  const server = new URL(databaseUrl);
  const file = join(supervisor.folder, "pgbouncer.ini");

  async function boot(): Promise<string> {
    const port = await freePort();
    const upstream = `host=${server.hostname} port=${server.port} user=${server.username} password=${server.password}`;
    const own = ["listen_addr=127.0.0.1", `listen_port=${port}`, "unix_socket_dir=", "auth_type=any"];
    await writeFile(
      file,
      ["[databases]", `* = ${upstream}`, "[pgbouncer]", ...own, `pool_mode=${poolMode}`, ...settings, ""].join("\n"),
      { mode: 0o644 },
    );
    const url = new URL(databaseUrl);
    url.port = String(port);
    const running = await supervisor.start({ file: "pgbouncer", args: [file], asUser: true });
    await untilReady("PgBouncer", running, supervisor, () => answers(url.href));
    return url.href;
  }

  try {
    return { url: await severalTimes(boot), stop: () => supervisor.close() };
  } catch (error) {
    await supervisor.close();
    throw error;
  }
}

async function answers(url: string): Promise<true> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {}); // asked again until the deadline
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } finally {
    await client.end();
  }
}
