import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { elasticsearchVersion } from "./elasticsearch-distribution.ts";
import type { ElasticsearchMajor } from "./jdk.ts";

interface ContainerServer {
  url: string;
  stop: () => Promise<void>;
}

/** Whether a Docker engine answers, within 5 seconds. */
export async function dockerAnswers(): Promise<boolean> {
  const probe = join(import.meta.dirname, "docker-probe.ts");
  return promisify(execFile)(process.execPath, [probe], { timeout: 5_000, killSignal: "SIGKILL" }).then(
    () => true,
    () => false,
  );
}

export async function startPostgresContainer(): Promise<ContainerServer> {
  const { PostgreSqlContainer } = await import("@testcontainers/postgresql");
  const container = await new PostgreSqlContainer("postgres:18").start();
  return { url: container.getConnectionUri(), stop: async () => void (await container.stop()) };
}

export async function startElasticsearchContainer(major: ElasticsearchMajor = 9): Promise<ContainerServer> {
  const { ElasticsearchContainer } = await import("@testcontainers/elasticsearch");
  const container = await new ElasticsearchContainer(`elasticsearch:${await elasticsearchVersion(major)}`)
    .withEnvironment({
      "xpack.security.enabled": "false",
      "cluster.routing.allocation.disk.threshold_enabled": "false",
      "path.repo": "/tmp/snapshots",
      ES_JAVA_OPTS: "-Xms1g -Xmx1g",
    })
    .start();
  return { url: container.getHttpUrl(), stop: async () => void (await container.stop()) };
}
