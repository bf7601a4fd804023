import { connect } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { type Booted, bootAt } from "./boot-at.ts";
import { freePort } from "./free-port.ts";
import { pythonFolder } from "./python-folder.ts";
import { type RunningServer, untilReady } from "./running-server.ts";
import { supervise } from "./supervise.ts";

export interface MilvusServerOptions {
  /** No file of it may become larger: it behaves like one whose disk is full. */
  readonly fileSizeLimitKb?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Starts a Milvus Lite of its own on a free port of 127.0.0.1 and resolves when it takes connections. */
export async function startMilvus({ fileSizeLimitKb, signal }: MilvusServerOptions = {}): Promise<RunningServer> {
  const venv = await pythonFolder(signal);
  const supervisor = await supervise("milvus", { signal });
  const data = join(supervisor.folder, "data");

  async function boot(port: number): Promise<Booted> {
    const python = join(venv, "bin", "python");
    const args = ["-m", "milvus_lite", "server", "--data-dir", data, "--host", "127.0.0.1", "--port", String(port)];
    const limited = ["-c", `ulimit -f ${fileSizeLimitKb} && exec "$0" "$@"`, python, ...args];
    const server = await supervisor.start(
      fileSizeLimitKb === undefined ? { file: python, args } : { file: "bash", args: limited },
    );
    await untilReady("Milvus Lite", server, supervisor, () => takesConnections(port));
    return { url: `http://127.0.0.1:${port}`, pid: server.pid };
  }

  return bootAt(supervisor, freePort, boot);
}

async function takesConnections(port: number): Promise<true> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(1_000) });
    return true;
  } finally {
    socket.destroy();
  }
}
