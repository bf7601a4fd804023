import { expect, test } from "vitest";
import { isAnswerTo } from "../../../../src/stores/elasticsearch/intercepted.ts";
import { clusterInfo } from "../../../../src/stores/elasticsearch/cluster.ts";
import { described } from "../../../../src/stores/elasticsearch/errors.ts";
import { findIndex } from "../../../../src/stores/elasticsearch/indices/indices.ts";
import { readAnswer } from "../../../../src/stores/elasticsearch/bulk/raw-answer.ts";
import { archiveOwner } from "../../../support/index-owner.ts";
import { type Answer, clientAndSeen } from "../../../support/fake-elasticsearch.ts";

const named = { name: "a", resource: "workflow-runs", tenantId: "acme", month: "2025-01" };
const notElasticsearch = { headers: { "x-elastic-product": "nginx", "content-type": "text/html" } };
const page: Answer = { status: 404, body: "<h1>default backend</h1>", ...notElasticsearch };

test("a page with 404 does not mean that an index or a document is not there", async () => {
  const { client } = await clientAndSeen(() => page);
  const intercepted = {
    code: "elasticsearch_intercepted",
    message: expect.stringContaining("404: default backend") as string,
  };
  await expect(findIndex(client, archiveOwner(), named)).rejects.toMatchObject(intercepted);
  await expect(described(client.indices.exists({ index: "a" }))).rejects.toMatchObject({ code: intercepted.code });
  await expect(described(client.get({ index: "a", id: "1" }, { ignore: [404] }))).rejects.toMatchObject(intercepted);
  await expect(described(client.delete({ index: "a", id: "1" }))).rejects.toMatchObject(intercepted);
});

test("an answer of Elasticsearch without its header is known by its JSON", async () => {
  const body = { error: { type: "index_not_found_exception", reason: "no such index [a]" }, status: 404 };
  const { client } = await clientAndSeen(() => ({ status: 404, body, headers: { "x-elastic-product": "" } }));
  expect(await findIndex(client, archiveOwner(), named)).toBeUndefined();
});

test("documents are read through pages of a proxy, which are asked again", async () => {
  let asked = 0;
  const { client } = await clientAndSeen(() => (++asked === 1 ? page : { body: { docs: [] } }));
  const answer = await readAnswer(client, { method: "POST", path: "/a/_mget", body: {} });
  expect(JSON.parse(answer.toString())).toEqual({ docs: [] });
});

test("hosts of different clusters are refused", async () => {
  let looks = 0;
  const { client } = await clientAndSeen(({ path }) => {
    if (path === "/_cluster/state/master_node") return { body: { cluster_uuid: `u${++looks % 2}` } };
    if (path === "/_nodes/http") return { body: { nodes: { a: { version: "9.0.0", roles: ["data"] } } } };
    return { body: {} };
  });
  await expect(clusterInfo(client)).rejects.toMatchObject({ code: "elasticsearch_clusters_differ" });
});

test.each([
  ["/a,b/_mget", "docs"],
  ["/a/_count", "count"],
])("a success of %s without its %s says nothing", (path, member) => {
  expect(isAnswerTo(path, { [member]: [] })).toBe(true);
  for (const body of [{}, { took: 1 }, "", true]) expect(isAnswerTo(path, body)).toBe(false);
  expect(isAnswerTo("/_cluster/health", {})).toBe(true);
});
