import { expect, test } from "vitest";
import { countDocuments, refreshIndex } from "../../../../../src/stores/elasticsearch/indices/indices.ts";
import { ensureNamed } from "../../../../support/index-owner.ts";
import type { Answer } from "../../../../support/fake-elasticsearch.ts";
import { clientOf } from "../../../../support/fake-elasticsearch.ts";

const name = "p-workflow-runs-acme-2024.05";
const missing = {
  status: 404,
  body: { error: { type: "index_not_found_exception", reason: "no such index" }, status: 404 },
};
const simulated = { body: { template: { mappings: { _meta: { template: "log-archive", template_version: 1 } } } } };

/** A server without the index, that answers its creation so. */
function creating(answer: Answer) {
  return clientOf(({ method, path }) =>
    method === "GET" ? missing : path.startsWith("/_index_template/_simulate_index") ? simulated : answer,
  );
}

test("an index whose shards do not start is not ready", async () => {
  const client = await creating({ body: { acknowledged: true, shards_acknowledged: false, index: name } });
  await expect(ensureNamed(client, "p", name)).rejects.toMatchObject({ code: "index_not_ready" });
});

test("an index that is deleted as soon as it is made is reported", async () => {
  const client = await creating({ body: { acknowledged: true, shards_acknowledged: true, index: name } });
  await expect(ensureNamed(client, "p", name)).rejects.toMatchObject({ code: "index_vanished" });
});

test("a full cluster is reported as such", async () => {
  const reason =
    "Validation Failed: 1: this action would add [1] shards, but this cluster currently has [9]/[9] maximum normal shards open;";
  const client = await creating({
    status: 400,
    body: { error: { type: "validation_exception", reason }, status: 400 },
  });
  await expect(ensureNamed(client, "p", name)).rejects.toMatchObject({ code: "elasticsearch_shard_limit" });
});

test("a count or refresh that missed a shard is an error", async () => {
  const client = await clientOf(() => ({ body: { count: 7, _shards: { total: 3, successful: 2, failed: 1 } } }));
  await expect(countDocuments(client, "a")).rejects.toMatchObject({ code: "index_not_ready" });
  await expect(refreshIndex(client, "a")).rejects.toMatchObject({ code: "index_not_ready" });
});
