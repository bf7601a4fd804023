import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../engine/errors.ts";
import type { DataNodeDisk } from "./disks.ts";
import { readDisks } from "./disks.ts";
import { described } from "./errors.ts";

export interface ClusterInfo {
  /** Of the oldest node. */
  version: string;
  major: number;
  clusterUuid: string;
  health: "green" | "yellow" | "red";
  nodes: number;
  dataNodes: number;
  /** What counts against cluster.max_shards_per_node, and how many all data nodes may hold. */
  shards: { used: number; limit: number };
  disks: DataNodeDisk[];
  /** The largest request body that every node accepts, before compression. */
  maxContentLengthBytes: number;
}

/** One look at the cluster. Throws AppError when it cannot be reached or is older than version 8. */
export async function clusterInfo(client: Client): Promise<ClusterInfo> {
  // First, because an older server does not answer the other questions in the form expected here.
  const nodes = await readNodes(client);
  const [health, clusterUuid, settings] = await Promise.all([
    described(client.cluster.health({})),
    readClusterUuid(client),
    readSettings(client),
  ]);
  const holdingShards = nodes.filter((node) =>
    node.roles.some((role) => /^data(_hot|_warm|_cold|_content)?$/.test(role)),
  );
  return {
    ...oldestVersion(nodes),
    clusterUuid,
    health: health.status.toLowerCase() as ClusterInfo["health"],
    nodes: health.number_of_nodes,
    dataNodes: health.number_of_data_nodes,
    shards: {
      used: health.active_shards + health.initializing_shards + health.unassigned_shards,
      limit: Number(settings["cluster.max_shards_per_node"]) * holdingShards.length,
    },
    disks: await readDisks(client, settings),
    maxContentLengthBytes: Math.min(...nodes.map((node) => node.maxContentLengthBytes)),
  };
}

interface NodeFacts {
  version: string;
  roles: string[];
  maxContentLengthBytes: number;
}

async function readNodes(client: Client): Promise<NodeFacts[]> {
  const response = await described(
    client.nodes.info({
      metric: "http",
      filter_path: ["nodes.*.version", "nodes.*.roles", "nodes.*.http.max_content_length_in_bytes"],
    }),
  );
  return Object.values(response.nodes).map((node) => ({
    version: node.version,
    roles: node.roles,
    maxContentLengthBytes: node.http?.max_content_length_in_bytes ?? Infinity,
  }));
}

function oldestVersion(nodes: NodeFacts[]): { version: string; major: number } {
  const [version = "0"] = nodes
    .map((node) => node.version)
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const major = Number.parseInt(version, 10);
  if (major >= 8) return { version, major };
  throw new AppError("elasticsearch_unsupported", `Elasticsearch ${version} is older than this program supports.`, {
    hint: "Use an Elasticsearch 8.x or 9.x cluster.",
  });
}

/**
 * Asked so often, each of several addresses, or of the servers behind a balancer, has answered: the client takes them
 * in turn.
 */
const leastLooks = 3;

/**
 * The one cluster that all addresses lead to. Throws AppError when there are several: documents would go here and
 * there.
 */
export async function readClusterUuid(client: Client): Promise<string> {
  const looks = Math.max(leastLooks, 2 * client.connectionPool.connections.length);
  const found = new Set<string>();
  for (let look = 0; look < looks; look++) found.add(await oneClusterUuid(client));
  found.delete("_na_"); // of a node that has not joined yet
  const [uuid = "_na_"] = found;
  if (found.size <= 1) return uuid;
  throw new AppError(
    "elasticsearch_clusters_differ",
    `The hosts are of different clusters: ${[...found].join(", ")}.`,
    {
      hint: "Name the hosts of one cluster in ELASTICSEARCH_HOSTS, and of a balancer see that it leads to one cluster. Nothing was touched.",
    },
  );
}

/** From the cluster state: the smallest test distribution of Elasticsearch has no answer to GET /. */
async function oneClusterUuid(client: Client): Promise<string> {
  const state = await described(client.cluster.state({ metric: "master_node", filter_path: "cluster_uuid" }));
  return (state as { cluster_uuid: string }).cluster_uuid;
}

/** Every setting that matters here, the operator's before the default. */
async function readSettings(client: Client): Promise<Record<string, string>> {
  // With flat settings a filter sees the whole dotted name as one field.
  const wanted = ["*max_shards_per_node", "*allocation*disk*"];
  const layers = ["defaults", "persistent", "transient"] as const;
  const settings = await described(
    client.cluster.getSettings({
      include_defaults: true,
      flat_settings: true,
      filter_path: layers.flatMap((layer) => wanted.map((setting) => `${layer}.${setting}`)),
    }),
  );
  return Object.assign({}, settings.defaults, settings.persistent, settings.transient) as Record<string, string>;
}
