import { once } from "node:events";
import { connect } from "node:net";
import { AppError } from "../../src/engine/errors.ts";
import { type Booted, bootAt } from "./boot-at.ts";
import { freePort } from "./free-port.ts";
import { isOnPath } from "./prerequisites.ts";
import { type RunningServer, untilReady } from "./running-server.ts";
import { supervise } from "./supervise.ts";

export interface RedisOptions {
  /** More arguments of the server, like ["--appendonly", "yes"]; they win over ours. */
  flags?: string[];
  signal?: AbortSignal | undefined;
}

/**
 * Starts a Redis of its own on a free port of 127.0.0.1, without persistence and with all keyspace events; resolves
 * when it answers.
 */
export async function startRedis({ flags = [], signal }: RedisOptions = {}): Promise<RunningServer> {
  if (!(await isOnPath("redis-server"))) {
    throw new AppError("prerequisites_missing", "Redis cannot be started here: found no redis-server", {
      hint: "Install redis-server (Debian's package of that name); or set TEST_REDIS_URL to a running Redis 7.",
    });
  }
  const supervisor = await supervise("redis", { signal });
  const fixed = ["--save", "", "--appendonly", "no", "--notify-keyspace-events", "KEA", "--dir", supervisor.folder];

  async function boot(port: number): Promise<Booted> {
    const args = ["--port", String(port), "--bind", "127.0.0.1", ...fixed, ...flags];
    const server = await supervisor.start({ file: "redis-server", args });
    await untilReady("Redis", server, supervisor, () => answersPing(port));
    return { url: `redis://127.0.0.1:${port}`, pid: server.pid };
  }

  return bootAt(supervisor, freePort, boot);
}

/** Also while it loads its data it answers, but not with PONG. */
async function answersPing(port: number): Promise<true | undefined> {
  const socket = connect(port, "127.0.0.1");
  try {
    socket.write("PING\r\n");
    const [answer] = (await once(socket, "data", { signal: AbortSignal.timeout(1_000) })) as [Buffer];
    return answer.toString().startsWith("+PONG") ? true : undefined;
  } finally {
    socket.destroy();
  }
}
