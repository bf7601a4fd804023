import { connect } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { AppError } from "../../src/engine/errors.ts";
import { cachedFolder, isCached } from "./cached-folder.ts";
import { type Booted, bootAt } from "./boot-at.ts";
import { freePort } from "./free-port.ts";
import { isOnPath } from "./prerequisites.ts";
import { type RunningServer, untilReady } from "./running-server.ts";
import { supervise } from "./supervise.ts";

const PACKAGES = ["milvus-lite==3.2.2", "pymilvus==3.0.2"];

export interface MilvusServerOptions {
  /** No file of it may become larger: it behaves like one whose disk is full. */
  readonly fileSizeLimitKb?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Starts a Milvus Lite of its own on a free port of 127.0.0.1 and resolves when it takes connections. */
export async function startMilvus({ fileSizeLimitKb, signal }: MilvusServerOptions = {}): Promise<RunningServer> {
  const venv = await pythonFolder("milvus-lite-3.2.2", PACKAGES, signal);
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

/**
 * A virtual environment with these packages; run its python with -m, because the programs in bin/ name the folder in
 * which it was made.
 */
async function pythonFolder(
  name: string,
  packages: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string> {
  if (!(await isCached(name, undefined)) && !(await isOnPath("python3"))) {
    throw new AppError("prerequisites_missing", "Milvus cannot be started here: found no Python (python3)", {
      hint: "Install python3 and python3-venv; or set TEST_MILVUS_URL to a running Milvus, such as http://127.0.0.1:19530.",
    });
  }
  return cachedFolder(name, { signal }, async (workplace) => {
    const folder = join(workplace.folder, name);
    await workplace.run({ file: "python3", args: ["-m", "venv", folder] });
    await workplace.run({ file: join(folder, "bin", "python"), args: ["-m", "pip", "install", "-q", ...packages] });
    return folder;
  });
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
