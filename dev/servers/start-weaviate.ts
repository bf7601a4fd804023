import { join } from "node:path";
import { AppError } from "../../src/engine/errors.ts";
import { cachedFolder, isCached } from "./cached-folder.ts";
import { type Booted, bootAt } from "./boot-at.ts";
import { freePort } from "./free-port.ts";
import { isOnPath } from "./prerequisites.ts";
import { type RunningServer, untilReady } from "./running-server.ts";
import { supervise } from "./supervise.ts";

const VERSION = "1.27.0";

/**
 * Starts a Weaviate of its own on free ports of 127.0.0.1 and resolves when it answers. Its URL names the gRPC port as
 * `?grpc=PORT`. The first time Go builds the server, which takes minutes.
 */
export async function startWeaviate({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<RunningServer> {
  const binary = join(await weaviateFolder(signal), "weaviate-server");
  const supervisor = await supervise("weaviate", { signal });
  const data = join(supervisor.folder, "data");

  async function boot(ports: readonly number[]): Promise<Booted> {
    const [http, grpc, gossip, dataPort, raft, raftInternal] = ports.map(String);
    const server = await supervisor.start({
      file: binary,
      args: ["--host", "127.0.0.1", "--port", http!, "--scheme", "http"],
      env: {
        AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED: "true",
        PERSISTENCE_DATA_PATH: data,
        DEFAULT_VECTORIZER_MODULE: "none",
        ENABLE_MODULES: "",
        CLUSTER_HOSTNAME: "node1",
        CLUSTER_ADVERTISE_ADDR: "127.0.0.1",
        CLUSTER_GOSSIP_BIND_PORT: gossip!,
        CLUSTER_DATA_BIND_PORT: dataPort!,
        RAFT_PORT: raft!,
        RAFT_INTERNAL_RPC_PORT: raftInternal!,
        RAFT_BOOTSTRAP_EXPECT: "1",
        GRPC_PORT: grpc!,
        DISABLE_TELEMETRY: "true",
        GO_PROFILING_DISABLE: "true",
      },
    });
    await untilReady("Weaviate", server, supervisor, async () => {
      const answer = await fetch(`http://127.0.0.1:${http}/v1/.well-known/ready`);
      return answer.ok ? true : undefined;
    });
    return { url: `http://127.0.0.1:${http}/?grpc=${grpc}`, pid: server.pid };
  }

  return bootAt(supervisor, freePorts, boot);
}

async function weaviateFolder(signal: AbortSignal | undefined): Promise<string> {
  const name = `weaviate-${VERSION}`;
  if (!(await isCached(name, undefined)) && !(await isOnPath("go"))) {
    throw new AppError("prerequisites_missing", "Weaviate cannot be started here: found no Go (go)", {
      hint: "Install Go 1.22 or newer; or set TEST_WEAVIATE_URL to a running Weaviate, such as http://127.0.0.1:8080/?grpc=50051.",
    });
  }
  return cachedFolder(name, { signal }, async (workplace) => {
    const folder = join(workplace.folder, name);
    const module = `github.com/weaviate/weaviate/cmd/weaviate-server@v${VERSION}`;
    await workplace.run({ file: "go", args: ["install", module], env: { GOBIN: folder } });
    return folder;
  });
}

/** HTTP, gRPC, gossip, data (Weaviate wants the one after gossip's), and the two of Raft. */
async function freePorts(): Promise<number[]> {
  const gossip = await freePort();
  const others = new Set<number>();
  while (others.size < 4) others.add(await freePort());
  const [http, grpc, ...raft] = others;
  return [http!, grpc!, gossip, gossip + 1, ...raft];
}
