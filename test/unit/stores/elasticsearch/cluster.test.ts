import { expect, test } from "vitest";
import { clusterInfo } from "../../../../src/stores/elasticsearch/cluster.ts";
import { missingPrivileges } from "../../../../src/stores/elasticsearch/privileges.ts";
import { type Answer, clientAndSeen } from "../../../support/fake-elasticsearch.ts";

/** A client of a server that answers by the beginnings of paths. */
function clientOf(answers: Record<string, Answer>) {
  return clientAndSeen(({ path }) => {
    const key = Object.keys(answers).find((candidate) => path.startsWith(candidate));
    return key === undefined ? { status: 404, body: { error: `no answer for ${path}` } } : (answers[key] ?? {});
  });
}

const GB = 1024 ** 3;
const WATERMARK = "cluster.routing.allocation.disk.watermark";
const defaults: Record<string, string> = {
  "cluster.max_shards_per_node": "1000",
  "cluster.routing.allocation.disk.threshold_enabled": "true",
  [`${WATERMARK}.high`]: "90%",
  [`${WATERMARK}.high.max_headroom`]: "150GB",
  [`${WATERMARK}.flood_stage`]: "95%",
  [`${WATERMARK}.flood_stage.max_headroom`]: "100GB",
};

interface ClusterDescription {
  versions?: string[];
  persistent?: Record<string, string>;
  transient?: Record<string, string>;
  total?: number;
}

function cluster({ versions = ["9.2.0"], persistent = {}, transient = {}, total = 100 * GB }: ClusterDescription = {}) {
  const roles = [["data_hot", "master"], ["data"], ["master", "ingest"], ["data_frozen"]];
  const nodes = Object.fromEntries(
    roles.map((role, i) => [
      `n${i}`,
      {
        name: `node-${i}`,
        version: versions[i % versions.length],
        roles: role,
        http: { max_content_length_in_bytes: i === 1 ? 50_000_000 : 104_857_600 },
        fs: { total: { total_in_bytes: total, available_in_bytes: (i + 1) * GB } },
      },
    ]),
  );
  return clientOf({
    "/_nodes/http": { body: { nodes } },
    "/_nodes/stats/fs": { body: { nodes } },
    "/_cluster/health": {
      body: {
        status: "yellow",
        number_of_nodes: 4,
        number_of_data_nodes: 3,
        active_shards: 10,
        initializing_shards: 2,
        unassigned_shards: 3,
      },
    },
    "/_cluster/state/master_node": { body: { cluster_uuid: "u1" } },
    "/_cluster/settings": { body: { defaults, persistent, transient } },
  });
}

test("adds up what several nodes say", async () => {
  const { client } = await cluster({ versions: ["9.10.0", "9.9.1"] });
  await expect(clusterInfo(client)).resolves.toEqual({
    version: "9.9.1",
    major: 9,
    clusterUuid: "u1",
    health: "yellow",
    nodes: 4,
    dataNodes: 3,
    shards: { used: 15, limit: 2000 },
    disks: [0, 1, 3].map((i) => ({
      node: `node-${i}`,
      total: 100 * GB,
      free: (i + 1) * GB,
      highWatermark: 10 * GB,
      floodStage: 5 * GB,
    })),
    maxContentLengthBytes: 50_000_000,
  });
});

test.each<[string, ClusterDescription, number, number]>([
  ["a big disk is capped by the headroom", { total: 10_000 * GB }, 150 * GB, 100 * GB],
  [
    "free space as bytes",
    { persistent: { [`${WATERMARK}.high`]: "1.5gb", [`${WATERMARK}.flood_stage`]: "512mb" } },
    1.5 * GB,
    0.5 * GB,
  ],
  [
    "a ratio",
    { persistent: { [`${WATERMARK}.high`]: "0.75", [`${WATERMARK}.flood_stage`]: "0.875" } },
    25 * GB,
    12.5 * GB,
  ],
  [
    "no headroom",
    {
      total: 10_000 * GB,
      persistent: { [`${WATERMARK}.high.max_headroom`]: "-1", [`${WATERMARK}.flood_stage.max_headroom`]: "1tb" },
    },
    1000 * GB,
    500 * GB,
  ],
  [
    "transient before persistent",
    { persistent: { [`${WATERMARK}.high`]: "1gb" }, transient: { [`${WATERMARK}.high`]: "2g" } },
    2 * GB,
    5 * GB,
  ],
  ["nothing is watched", { persistent: { "cluster.routing.allocation.disk.threshold_enabled": "false" } }, 0, 0],
])("watermarks: %s", async (_name, description, highWatermark, floodStage) => {
  const { client } = await cluster(description);
  const { disks } = await clusterInfo(client);
  expect(disks[0]?.highWatermark).toBeCloseTo(highWatermark, -1);
  expect(disks[0]?.floodStage).toBeCloseTo(floodStage, -1);
});

test("a cluster with one old node is refused", async () => {
  const { client } = await cluster({ versions: ["8.19.5", "7.17.0"] });
  await expect(clusterInfo(client)).rejects.toMatchObject({
    code: "elasticsearch_unsupported",
    message: expect.stringContaining("7.17.0") as string,
  });
});

test("missing privileges are named, by index", async () => {
  const { client, seen } = await clientOf({
    "/_security/user/_has_privileges": {
      body: {
        username: "u",
        has_all_requested: false,
        cluster: { monitor: true, manage_index_templates: false },
        index: { "dify-workflow-runs-*": { read: true, index: false } },
        application: {},
      },
    },
  });
  await expect(
    missingPrivileges(client, "dify", ["workflow-runs"], { cluster: ["monitor"], index: ["read"] }),
  ).resolves.toEqual(["cluster: manage_index_templates", "index dify-workflow-runs-*: index"]);
  expect(JSON.parse(String(seen[0]?.body))).toMatchObject({ index: [{ names: ["dify-workflow-runs-*"] }] });
});

test.each([
  [400, "no handler found for uri [/_security/user/_has_privileges] and method [POST]"],
  [405, "Incorrect HTTP method for uri [/_security/user/_has_privileges] and method [POST], allowed: [DELETE]"],
])("a cluster without security (%i) lacks no privilege", async (status, error) => {
  const { client } = await clientOf({ "/_security": { status, body: { error } } });
  await expect(
    missingPrivileges(client, "dify", ["workflow-runs"], { cluster: ["monitor"], index: ["read"] }),
  ).resolves.toEqual([]);
});

test("a wrong password is not taken for a cluster without security", async () => {
  const { client } = await clientOf({ "/_security": { status: 401, body: { error: { type: "security_exception" } } } });
  await expect(
    missingPrivileges(client, "dify", ["workflow-runs"], { cluster: ["monitor"], index: ["read"] }),
  ).rejects.toMatchObject({
    code: "elasticsearch_unauthorized",
  });
});
