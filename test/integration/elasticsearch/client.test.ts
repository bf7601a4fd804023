import { afterAll, expect, test } from "vitest";
import { createClient } from "../../../src/stores/elasticsearch/client.ts";
import { clusterInfo } from "../../../src/stores/elasticsearch/cluster.ts";
import { described } from "../../../src/stores/elasticsearch/errors.ts";
import { missingPrivileges } from "../../../src/stores/elasticsearch/privileges.ts";
import { needs } from "../../support/needs.ts";

const connection = {
  hosts: [await needs("elasticsearch")],
  useSsl: false,
  verifyCerts: true,
  timeoutSeconds: 60,
  maxRetries: 0,
};
const client = createClient(connection);
afterAll(() => client.close());

test("clusterInfo knows the server", async () => {
  const info = await clusterInfo(client);
  expect(info.version).toMatch(/^[89]\.\d+\.\d+/);
  expect(info.major).toBe(Number(info.version[0]));
  expect(info.clusterUuid).toMatch(/^[\w-]{20,}$/);
  expect(info.maxContentLengthBytes).toBeGreaterThan(1_000_000);
  expect(info.shards.limit).toBeGreaterThan(info.shards.used);
  expect(info.dataNodes).toBeGreaterThan(0);
  expect(info.disks).toHaveLength(info.dataNodes);
  for (const disk of info.disks) {
    expect(disk.total).toBeGreaterThan(disk.free);
    expect(disk.highWatermark).toBeGreaterThanOrEqual(disk.floodStage);
  }
});

test("shards.used counts as the limit does", async () => {
  const index = `t${Date.now()}-shards`;
  const added = async (): Promise<number> => {
    const before = (await clusterInfo(client)).shards.used;
    await client.indices.create({ index, settings: { number_of_shards: 3, number_of_replicas: 1 } });
    const after = (await clusterInfo(client)).shards.used;
    await client.indices.delete({ index });
    return after - before;
  };
  // other suites make and delete indices on the same server at the same time
  await expect.poll(added, { timeout: 60_000, interval: 200 }).toBe(6);
});

test("watermarks follow the cluster's settings", async () => {
  const watermark = "cluster.routing.allocation.disk.watermark";
  await client.cluster.putSettings({
    persistent: {
      "cluster.routing.allocation.disk.threshold_enabled": true, // the tests' servers have it off
      [`${watermark}.low`]: "3gb",
      [`${watermark}.high`]: "2gb",
      [`${watermark}.flood_stage`]: "1gb",
    },
  });
  try {
    const { disks } = await clusterInfo(client);
    expect(disks[0]).toMatchObject({ highWatermark: 2 * 1024 ** 3, floodStage: 1024 ** 3 });
  } finally {
    await client.cluster.putSettings({ persistent: { "cluster.routing.allocation.disk.*": null } });
  }
});

test("the test server runs without security, where no privilege is missing", async () => {
  await expect(
    missingPrivileges(client, "dify", ["workflow-runs"], { cluster: ["monitor"], index: ["read"] }),
  ).resolves.toEqual([]);
});

test("a request that fails says which server it was and what it said", async () => {
  await expect(described(client.count({ index: "no-such-index" }))).rejects.toMatchObject({
    code: "elasticsearch_not_found",
    message: `Elasticsearch at ${new URL(connection.hosts[0] ?? "").origin} does not have what was asked for: no such index [no-such-index].`,
  });
});
