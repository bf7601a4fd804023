import { afterEach, expect, test } from "vitest";
import { createClient } from "../../../../../src/stores/elasticsearch/client.ts";
import { deleteIndex } from "../../../../../src/stores/elasticsearch/indices/delete-index.ts";
import { indexObstacle } from "../../../../../src/stores/elasticsearch/indices/index-obstacles.ts";
import { archiveOwner, someArchive } from "../../../../support/index-owner.ts";
import { type Answer, type SeenRequest, startFakeServer } from "../../../../support/fake-elasticsearch.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function clusterOf(answer: (request: SeenRequest) => Answer) {
  const server = await startFakeServer(answer);
  const client = createClient({
    hosts: [server.url],
    useSsl: false,
    verifyCerts: true,
    timeoutSeconds: 1,
    maxRetries: 3,
  });
  cleanups.push(() => client.close(), server.stop);
  return { client, seen: server.seen };
}

const index = { name: "dify-workflow-runs-acme-2020.01", uuid: "u" };

function state(uuid: string | undefined): Answer {
  if (uuid === undefined) return { body: {} };
  return { body: { metadata: { indices: { [index.name]: { settings: { index: { uuid } } } } } } };
}

const blocked: Answer = {
  status: 403,
  body: { error: { type: "cluster_block_exception", reason: "index is read-only" }, status: 403 },
};
const unavailable: Answer = {
  status: 503,
  body: { error: { type: "master_not_discovered_exception", reason: "no master" }, status: 503 },
};

test.each<[string, Answer, string | undefined, string | undefined]>([
  ["done", { body: { acknowledged: true } }, undefined, undefined],
  ["refused", blocked, "u", "blocks the request"],
  ["refused, but it is another index now", blocked, "other", undefined],
  [
    "not there any more",
    { status: 404, body: { error: { type: "index_not_found_exception" }, status: 404 } },
    undefined,
    undefined,
  ],
])("a delete that is %s is asked for once, by the exact name", async (_, answer, left, refusal) => {
  const { client, seen } = await clusterOf(({ method }) => (method === "DELETE" ? answer : state(left)));
  const said = await deleteIndex(client, index);
  if (refusal === undefined) expect(said).toBeUndefined();
  else expect(said).toContain(refusal);
  expect(seen.filter(({ method }) => method === "DELETE").map(({ path }) => path)).toEqual([`/${index.name}`]);
});

test("a delete without an answer is not repeated: it is over when the index is gone, and unknown when it is not", async () => {
  for (const left of [undefined, "u"]) {
    const { client, seen } = await clusterOf(({ method }) =>
      method === "DELETE" ? { headers: { "content-length": "10" }, body: "" } : state(left),
    );
    const deletion = deleteIndex(client, index);
    if (left === undefined) expect(await deletion).toBeUndefined();
    else await expect(deletion).rejects.toMatchObject({ code: expect.stringMatching(/^elasticsearch_/) });
    expect(seen.filter(({ method }) => method === "DELETE")).toHaveLength(1);
  }
});

test("nothing is assumed while nobody can say whether the index is there", async () => {
  const { client } = await clusterOf(() => unavailable);
  await expect(deleteIndex(client, index)).rejects.toMatchObject({ name: "AppError" });
});

const ours = { managed_by: "log-archive", template_version: 1, archive: someArchive };
const named = { ...index, resource: "workflow-runs", tenantId: "acme", month: "2024-05" };

test.each<[string | undefined, object, object?]>([
  [undefined, {}],
  [undefined, { "index.blocks.write": "false" }],
  ["index_replaced", { "index.uuid": "other" }],
  ["index_closed", { "index.verified_before_close": "true" }],
  ["index_frozen", { "index.frozen": "true", "index.blocks.write": "true" }],
  ["index_frozen", { "index.store.type": "snapshot", "index.blocks.write": "true" }],
  ["index_blocked", { "index.blocks.write": "true" }],
  ["index_blocked", { "index.blocks.read_only_allow_delete": "true" }],
  ["index_foreign", {}, { managed_by: "someone" }],
  ["index_foreign", {}, { ...ours, archive: undefined }],
  ["index_foreign", {}, { ...ours, archive: "00000000-0000-4000-8000-000000000002" }],
])("%s with the settings %j", async (obstacle, settings, meta = ours) => {
  const { client } = await clusterOf(() => ({
    body: { [index.name]: { settings: { "index.uuid": "u", ...settings }, mappings: { _meta: meta } } },
  }));
  expect(await indexObstacle(client, archiveOwner(), named)).toBe(obstacle);
});

test.each<[string, Answer]>([
  ["index_gone", { status: 404, body: { error: { type: "index_not_found_exception" }, status: 404 } }],
  ["index_blocked", blocked],
  ["index_foreign", { body: { other: { settings: { "index.uuid": "u" }, mappings: { _meta: ours } } } }], // an alias
])("%s when that is what the name leads to", async (obstacle, answer) => {
  const { client } = await clusterOf(() => answer);
  expect(await indexObstacle(client, archiveOwner(), named)).toBe(obstacle);
});
