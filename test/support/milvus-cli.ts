import { runCli } from "../../src/cli/run-cli.ts";
import type { VectorOptions } from "../../src/vectors/connections.ts";
import { type AppEnd, type AppProcess, startApp } from "./app-process.ts";
import { fakeHost } from "./fake-host.ts";

/** The environment in which `app milvus ...` works on these stores. */
export function milvusEnvironment({ weaviate, milvus }: VectorOptions, stateFile: string): Record<string, string> {
  return {
    WEAVIATE_URL: weaviate.url,
    WEAVIATE_COLLECTION: weaviate.collection,
    MILVUS_CLUSTER_ENDPOINT: milvus.endpoint,
    MILVUS_COLLECTION: milvus.collection,
    MILVUS_DIMENSION: String(milvus.dimension),
    MILVUS_TIMEOUT: String(Math.ceil(milvus.timeoutMillis / 1000)),
    STATE_FILE: stateFile,
  };
}

/** `app milvus ...` as a process of its own. */
export function startMilvusApp(env: Record<string, string>, args: readonly string[]): AppProcess {
  return startApp(
    { databaseUrl: "", elasticsearchUrl: "http://127.0.0.1:9", prefix: "none" },
    ["milvus", ...args],
    env,
  );
}

/** `app milvus ...` in this process, its JSON parsed. */
export async function runMilvus(
  env: Record<string, string>,
  ...args: string[]
): Promise<Omit<AppEnd, "signal"> & { json: Record<string, unknown> }> {
  const host = fakeHost(["milvus", ...args, "--json"], { env });
  const code = await runCli(host);
  const stdout = host.out();
  return {
    code,
    stdout,
    stderr: host.err(),
    json: (stdout === "" ? {} : JSON.parse(stdout)) as Record<string, unknown>,
  };
}
