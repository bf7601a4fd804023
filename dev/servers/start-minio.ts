import { join } from "node:path";
import { AppError } from "../../src/engine/errors.ts";
import { type Booted, bootAt } from "./boot-at.ts";
import { cachedFolder, isCached } from "./cached-folder.ts";
import { freePort } from "./free-port.ts";
import { isOnPath } from "./prerequisites.ts";
import { type RunningServer, untilReady } from "./running-server.ts";
import { supervise } from "./supervise.ts";

/** MinIO tags its releases by date, which is no version of a Go module: this is the commit. */
const VERSION = "v0.0.0-20260212201848-7aac2a2c5b7c";

/** Of every MinIO started here. */
const credentials = { user: "minio-user", password: "minio-password" };

export interface MinioServerOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts a MinIO of its own on free ports of 127.0.0.1 and resolves when it answers. Its URL holds the keys as user and
 * password. The first time Go builds the server, which takes minutes.
 */
export async function startMinio({ signal }: MinioServerOptions = {}): Promise<RunningServer> {
  const binary = join(await minioFolder(signal), "minio");
  const supervisor = await supervise("minio", { signal });
  const { user, password } = credentials;

  async function boot({ port, console }: { port: number; console: number }): Promise<Booted> {
    const server = await supervisor.start({
      file: binary,
      args: ["server", join(supervisor.folder, "data"), "--address", `127.0.0.1:${port}`].concat([
        "--console-address",
        `127.0.0.1:${console}`,
      ]),
      env: {
        MINIO_ROOT_USER: user,
        MINIO_ROOT_PASSWORD: password,
        MINIO_UPDATE: "off",
        MINIO_BROWSER: "off",
      },
    });
    await untilReady("MinIO", server, supervisor, async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/minio/health/live`);
      return answer.ok ? true : undefined;
    });
    return { url: `http://${user}:${password}@127.0.0.1:${port}`, pid: server.pid };
  }

  return bootAt(supervisor, async () => ({ port: await freePort(), console: await freePort() }), boot);
}

async function minioFolder(signal: AbortSignal | undefined): Promise<string> {
  const name = `minio-${VERSION}`;
  if (!(await isCached(name, undefined)) && !(await isOnPath("go"))) {
    throw new AppError("prerequisites_missing", "MinIO cannot be started here: found no Go (go)", {
      hint: "Install Go 1.24 or newer; or set TEST_MINIO_URL to a running MinIO, such as http://KEY:SECRET@127.0.0.1:9000.",
    });
  }
  return cachedFolder(name, { signal }, async (workplace) => {
    const folder = join(workplace.folder, name);
    await workplace.run({
      file: "go",
      args: ["install", `github.com/minio/minio@${VERSION}`],
      env: { GOBIN: folder },
    });
    return folder;
  });
}
