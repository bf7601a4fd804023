import { once } from "node:events";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { AppError } from "../../src/engine/errors.ts";
import { type Booted, bootAt } from "./boot-at.ts";
import { freePort } from "./free-port.ts";
import { isOnPath } from "./prerequisites.ts";
import { type RunningServer, untilReady } from "./running-server.ts";
import { supervise } from "./supervise.ts";

export interface MysqlOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts a MariaDB of its own, which speaks MySQL's protocol, on a free port of 127.0.0.1; resolves when it answers.
 * Its user root has no password.
 */
export async function startMysql({ signal }: MysqlOptions = {}): Promise<RunningServer> {
  const program = await server();
  const supervisor = await supervise("mysql", { signal });
  const data = join(supervisor.folder, "data");
  const user = userInfo().username;
  const fixed = ["--no-defaults", `--user=${user}`, `--datadir=${data}`];
  try {
    const install = ["--auth-root-authentication-method=normal", "--skip-test-db"];
    await supervisor.run({ file: "mariadb-install-db", args: [...fixed, ...install] });
  } catch (error) {
    await supervisor.close();
    throw error;
  }

  async function boot(port: number): Promise<Booted> {
    const place = [`--port=${port}`, "--bind-address=127.0.0.1", `--socket=${join(supervisor.folder, "socket")}`];
    const started = await supervisor.start({ file: program, args: [...fixed, ...place] });
    await untilReady("MariaDB", started, supervisor, () => greets(port));
    return { url: `mysql://root@127.0.0.1:${port}`, pid: started.pid };
  }

  return bootAt(supervisor, freePort, boot);
}

async function server(): Promise<string> {
  if ((await isOnPath("mariadbd")) && (await isOnPath("mariadb-install-db"))) return "mariadbd";
  throw new AppError("prerequisites_missing", "MariaDB cannot be started here: found no mariadbd", {
    hint: "Install mariadb-server-core and mariadb-client-core (Debian's packages of these names); or set TEST_MYSQL_URL to a running MySQL or MariaDB, such as mysql://root@127.0.0.1:3306.",
  });
}

/** The server speaks first. */
async function greets(port: number): Promise<true | undefined> {
  const socket = connect(port, "127.0.0.1");
  try {
    const [greeting] = (await once(socket, "data", { signal: AbortSignal.timeout(1_000) })) as [Buffer];
    return greeting.length > 4 ? true : undefined;
  } finally {
    socket.destroy();
  }
}
