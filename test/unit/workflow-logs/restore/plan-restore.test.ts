import { afterEach, beforeEach, expect, test } from "vitest";
import { createClient } from "../../../../src/stores/elasticsearch/client.ts";
import type { Connections } from "../../../../src/workflow-logs/connections.ts";
import { dataTypes } from "../../../../src/workflow-logs/partitions/log-types.ts";
import { planRestore } from "../../../../src/workflow-logs/restore/plan-restore.ts";
import { archiveOwner, someArchive } from "../../../support/index-owner.ts";
import { startFakeServer } from "../../../support/fake-elasticsearch.ts";

let closed: string[];
let names: string[];
let server: Awaited<ReturnType<typeof startFakeServer>>;
let connections: Connections;

beforeEach(async () => {
  [closed, names] = [[], []];
  server = await startFakeServer(({ path }) => {
    if (path.includes("_stats")) return { body: {} };
    const index = (name: string) => ({
      mappings: { _meta: { managed_by: "log-archive", template_version: 1, archive: someArchive } },
      settings: {
        index: {
          uuid: `uuid of ${name}`,
          number_of_shards: "1",
          number_of_replicas: "0",
          ...(closed.includes(name) && { verified_before_close: "true" }),
        },
      },
    });
    return { body: Object.fromEntries(names.map((name) => [name, index(name)])) };
  });
  const elasticsearch = createClient({
    hosts: [server.url],
    useSsl: false,
    verifyCerts: true,
    timeoutSeconds: 5,
    maxRetries: 0,
  });
  connections = {
    elasticsearch,
    archive: archiveOwner(),
    settings: { template: { prefix: "dify" } },
  } as unknown as Connections;
});
afterEach(async () => {
  await connections.elasticsearch.close();
  await server.stop();
});

test("a closed index of the range refuses before anything is written; those of others do not matter", async () => {
  names = ["dify-workflow-runs-acme-2025.09", "dify-workflow-runs-acme-2025.08", "dify-workflow-runs-acme-eu-2025.09"];
  closed = names;
  const refusal = planRestore(connections, { dataTypes, tenantIds: ["acme"], start: "2025-09-01 00:00:00.000000" });
  await expect(refusal).rejects.toMatchObject({
    code: "index_closed",
    message: expect.stringContaining("dify-workflow-runs-acme-2025.09") as string,
  });
});
