import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BulkBody } from "../../../src/stores/elasticsearch/bulk/bulk-body.ts";
import { BulkWriter } from "../../../src/stores/elasticsearch/bulk/bulk-writer.ts";
import { deleteDocuments, deleteVersion } from "../../../src/stores/elasticsearch/documents/delete-documents.ts";
import { countCreatedWithin, documentIds } from "../../../src/stores/elasticsearch/documents/document-ids.ts";
import { documentVersions } from "../../../src/stores/elasticsearch/documents/document-versions.ts";
import { existingIds } from "../../../src/stores/elasticsearch/documents/documents.ts";
import { eachSource } from "../../../src/stores/elasticsearch/documents/each-source.ts";
import { getDocuments } from "../../../src/stores/elasticsearch/documents/get-documents.ts";
import { listDocuments } from "../../../src/stores/elasticsearch/documents/list-documents.ts";
import { putDocument } from "../../../src/stores/elasticsearch/documents/put-document.ts";
import { putBody, putDocuments } from "../../../src/stores/elasticsearch/documents/put-documents.ts";
import { search } from "../../../src/stores/elasticsearch/documents/search.ts";
import { deleteIndex, indexUuid } from "../../../src/stores/elasticsearch/indices/delete-index.ts";
import { listIndices } from "../../../src/stores/elasticsearch/indices/index-list.ts";
import { indexName } from "../../../src/stores/elasticsearch/indices/index-names.ts";
import {
  countDocuments,
  ensureIndex,
  findIndex,
  refreshIndex,
} from "../../../src/stores/elasticsearch/indices/indices.ts";
import { readContents } from "../../../src/stores/elasticsearch/indices/newest-document.ts";
import { openIndices } from "../../../src/stores/elasticsearch/indices/open-indices.ts";
import { placeOf } from "../../../src/stores/elasticsearch/indices/place.ts";
import { mappingOf } from "../../../src/stores/elasticsearch/indices/template-files.ts";
import { installTemplates } from "../../../src/stores/elasticsearch/indices/templates.ts";
import { elasticsearchClient } from "../../support/elasticsearch-client.ts";
import { archiveOwner } from "../../support/index-owner.ts";

const client = await elasticsearchClient();
const prefix = `t${randomBytes(4).toString("hex")}`;
const resource = "workflow-runs";
const month = "2024-05";
const never = new AbortController().signal;

/** Ids that begin, end or go on as others do, and look like other parts of a name. */
const tenants = [
  "a",
  "a-b",
  "a-",
  "a--b",
  "a_b",
  "a-shared-2024",
  "shared",
  "0",
  "workflow-runs",
  "2024-05",
  "x".repeat(100),
];
/** Every tenant has documents of these ids. */
const ids = ["1", "2", "a:1", "a-b:1", ":", "a/1", 'ü"\\'];

const nameOf = (tenantId: string) => indexName({ prefix, layout: "shared", resource, tenantId, month });
const sourceOf = (tenantId: string, id: string) => ({
  id,
  tenant_id: tenantId,
  created_at: "2024-05-01T00:00:00.000000Z",
  status: `of ${tenantId}`,
});

beforeAll(async () => {
  await installTemplates(client, { prefix, shards: 3, replicas: 0, refreshInterval: "30s" });
  const writer = new BulkWriter(client, { maxRetries: 0 });
  for (const tenantId of tenants) {
    const name = nameOf(tenantId);
    await ensureIndex(client, archiveOwner(), { name, resource, tenantId, month }, mappingOf(resource));
    const body = new BulkBody(10_000);
    for (const id of ids) {
      body.beginRecord();
      const lines = `{"index":{"_id":${JSON.stringify(id)}}}\n${JSON.stringify(sourceOf(tenantId, id))}\n`;
      body.length += body.buffer.write(lines, body.length);
    }
    expect(await writer.write(name, body, never)).toMatchObject({ written: ids.length, refused: [] });
  }
  await refreshIndex(client, nameOf("a"));
});
afterAll(async () => {
  await client.indices.delete({ index: placeOf(nameOf("a")).index });
  await client.indices.deleteIndexTemplate({ name: `${prefix}-*` });
  await client.close();
});

describe.each(tenants)("the part of %s", (tenantId) => {
  const name = nameOf(tenantId);

  test("is counted, listed and read alone", async () => {
    expect(await countDocuments(client, name)).toBe(ids.length);
    expect(await countCreatedWithin(client, name, { from: "2024-05-01 00:00:00.000000" })).toBe(ids.length);
    for (const random of [undefined, 100]) {
      const found: string[] = [];
      for await (const page of documentIds(client, name, { within: {}, pageSize: 3, random }, never))
        found.push(...page);
      expect(found.toSorted()).toEqual(ids.toSorted());
    }
    const listed: string[] = [];
    const listing = { after: undefined, pageSize: 3, within: {}, exclude: [] };
    for await (const page of listDocuments(client, name, listing, never))
      for (const { id, source } of page) {
        listed.push(id);
        expect(JSON.parse(source!.toString())).toEqual(sourceOf(tenantId, id));
      }
    expect(listed.toSorted()).toEqual(ids.toSorted());
    expect(await existingIds(client, name, [...ids, "3"])).toEqual(new Set(ids));
    expect([...(await documentVersions(client, name, [...ids, "3"])).keys()].toSorted()).toEqual(ids.toSorted());
    const read = new Map<string, string>();
    await eachSource(client, name, [...ids, "3"], (id, source) => void read.set(id, source.toString()));
    expect(read).toEqual(new Map(ids.map((id) => [id, JSON.stringify(sourceOf(tenantId, id))])));
    expect(await readContents(client, name)).toMatchObject({
      documents: ids.length,
      newest: "2024-05-01T00:00:00.000Z",
    });
  });

  test("is found and searched alone", async () => {
    for (const id of ids) {
      const [document, ...more] = await getDocuments(client, [name], id);
      expect(document).toMatchObject({ index: name, id, source: sourceOf(tenantId, id) });
      expect(more).toEqual([]);
    }
    const { hits, total, aggregations } = await search(client, {
      indices: [name],
      size: 100,
      query: { bool: { should: [{ match_all: {} }, { term: { tenant_id: "a" } }] } },
      aggregations: { tenants: { terms: { field: "tenant_id" } } },
    });
    expect(total).toBe(ids.length);
    expect(hits.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(new Set(hits.map((hit) => `${hit.index} ${String(hit.source["tenant_id"])}`))).toEqual(
      new Set([`${name} ${tenantId}`]),
    );
    expect(aggregations["tenants"]).toMatchObject({ buckets: [{ key: tenantId, doc_count: ids.length }] });
  });

  test("is listed with its documents, and as a place of its own", async () => {
    const { indices, foreign } = await listIndices(client, archiveOwner(), prefix, [resource], tenantId);
    expect(foreign).toEqual([]);
    const found = {
      name,
      tenantId,
      month,
      resource,
      index: placeOf(name).index,
      documents: ids.length,
      status: "open",
    };
    expect(indices).toEqual([expect.objectContaining(found)]);
    const uuid = await indexUuid(client, name);
    expect(uuid).toMatch(new RegExp(`^[\\w-]{20,}/${tenantId}$`));
    expect(indices[0]!.uuid).toBe(uuid);
    expect((await findIndex(client, archiveOwner(), { name, resource, tenantId, month }))!.uuid).toBe(uuid);
    const open = await openIndices(client, archiveOwner(), prefix, resource, tenantId);
    expect(open).toEqual([{ name, tenantId, month, resource }]);
  });
});

test("all parts are listed, with all bytes and the shards of one index", async () => {
  const { indices } = await listIndices(client, archiveOwner(), prefix, [resource]);
  expect(indices.map((index) => index.tenantId).toSorted()).toEqual(tenants.toSorted());
  expect(new Set(indices.map(({ index }) => index)).size).toBe(1);
  const open = await openIndices(client, archiveOwner(), prefix, resource);
  expect(open.map((index) => index.tenantId).toSorted()).toEqual(tenants.toSorted());
});

test("a part that the archive knows is listed before it has documents", async () => {
  const uuid = (await indexUuid(client, nameOf("a")))!.split("/")[0]!;
  const owner = { ...archiveOwner(), knownParts: async () => [{ uuid, tenantId: "new" }] };
  const { indices } = await listIndices(client, owner, prefix, [resource], "new");
  expect(indices).toEqual([expect.objectContaining({ name: nameOf("new"), documents: 0, bytes: 0 })]);
});

test("several parts are searched together, and nothing else", async () => {
  const some = ["a", "a-b", "0"];
  const { hits } = await search(client, { indices: some.map(nameOf), size: 100, query: { match_all: {} } });
  expect(hits).toHaveLength(some.length * ids.length);
  for (const hit of hits) expect(hit.index).toBe(nameOf(String(hit.source["tenant_id"])));
  expect(new Set(hits.map(({ source }) => source["tenant_id"]))).toEqual(new Set(some));
});

test("what is written and deleted is one tenant's, whatever the ids", async () => {
  const others = async (): Promise<unknown> => {
    const { hits } = await search(client, {
      indices: tenants.filter((tenantId) => tenantId !== "a").map(nameOf),
      size: 1000,
      sort: [{ tenant_id: "asc" }, { id: "asc" }],
      version: true,
    });
    return hits;
  };
  const before = await others();
  const name = nameOf("a");
  expect(await putDocument(client, { index: name, id: "1", source: '{"id":"1","tenant_id":"a"}' })).toBe(false);
  expect(await putDocument(client, { index: name, id: "b:2", source: '{"id":"b:2","tenant_id":"a"}' })).toBe(true);
  const put = await putDocuments(client, name, [{ id: "2", source: Buffer.from("{}") }]);
  expect(put.get("2")).toEqual({ kind: "conflict" });
  const body = new BulkBody(1000);
  body.beginRecord();
  body.length += body.buffer.write('{"index":{"_id":"3"}}\n{"id":"3","tenant_id":"a"}\n', 0);
  expect((await putBody(client, name, body)).get("3")).toMatchObject({ kind: "written", isNew: true });
  const version = (await documentVersions(client, name, ["3"])).get("3")!;
  await deleteVersion(client, name, "3", version);
  expect(await existingIds(client, name, ["3"])).toEqual(new Set());
  const { deleted } = await deleteDocuments(client, name, [...ids, "b:2", "9"]);
  expect(deleted.toSorted()).toEqual([...ids, "b:2"].toSorted());
  await refreshIndex(client, name);
  expect(await countDocuments(client, name)).toBe(0);
  expect(await others()).toEqual(before);
});

test("the index of a part is never deleted, and takes no request without a tenant", async () => {
  const name = nameOf("a-b");
  const uuid = (await indexUuid(client, name))!;
  await expect(deleteIndex(client, { name, uuid })).rejects.toMatchObject({ code: "index_shared" });
  const { index } = placeOf(name);
  await expect(client.get({ index, id: "a-b:1" })).rejects.toThrow(/routing/);
  await expect(client.index({ index, id: "a-b:1", document: {} })).rejects.toThrow(/routing/);
  await expect(client.delete({ index, id: "a-b:1" })).rejects.toThrow(/routing/);
  for (const request of [
    client.count({ index: name }),
    client.search({ index: name }),
    client.mget({ index: name, ids: ["1"] }),
  ])
    await expect(request).rejects.toThrow(/names a part/);
});
