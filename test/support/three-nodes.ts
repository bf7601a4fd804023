import { freePort } from "../../dev/servers/free-port.ts";
import type { RunningServer } from "../../dev/servers/running-server.ts";
import { startElasticsearch } from "../../dev/servers/start-elasticsearch.ts";

export interface ThreeNodes {
  readonly urls: readonly string[];
  master(): Promise<RunningServer>;
  /** One that is not the master. */
  follower(): Promise<RunningServer>;
  /** Resolves when all nodes are there and every copy of every index is assigned. */
  untilGreen(): Promise<void>;
  stop(): Promise<void>;
}

/** A cluster of three nodes on this machine; two of them can elect a master. */
export async function startThreeNodes(): Promise<ThreeNodes> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const names = ports.map((port) => `node-${port}`);
  const seedHosts = ports.map((port) => `127.0.0.1:${port}`).join(",");
  const starting = ports.map((port, at) =>
    startElasticsearch({
      heap: "400m",
      settings: {
        "cluster.name": `three-${ports[0]}`,
        "node.name": names[at]!,
        "transport.port": port,
        "discovery.type": "multi-node",
        "discovery.seed_hosts": seedHosts,
        "cluster.initial_master_nodes": names.join(","),
        "cluster.fault_detection.leader_check.interval": "500ms",
        "cluster.fault_detection.follower_check.interval": "500ms",
      },
    }),
  );
  const started = await Promise.allSettled(starting);
  const nodes = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const stop = async (): Promise<void> => void (await Promise.all(nodes.map((node) => node.stop())));
  const failed = started.find((one) => one.status === "rejected");
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }

  const masterName = async (): Promise<string> => {
    const answer = await fetch(`${nodes[0]!.url}/_cat/master?h=node&format=json`);
    return ((await answer.json()) as { node: string }[])[0]!.node;
  };
  return {
    urls: nodes.map(({ url }) => url),
    master: async () => nodes[names.indexOf(await masterName())]!,
    follower: async () => nodes[(names.indexOf(await masterName()) + 1) % 3]!,
    async untilGreen() {
      const health = "_cluster/health?wait_for_nodes=3&wait_for_status=green&timeout=90s";
      const answer = await fetch(`${nodes[0]!.url}/${health}`);
      if (!answer.ok) throw new Error(await answer.text());
    },
    stop,
  };
}
