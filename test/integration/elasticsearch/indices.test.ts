import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { listIndices } from "../../../src/stores/elasticsearch/indices/index-list.ts";
import { indexName } from "../../../src/stores/elasticsearch/indices/index-names.ts";
import { countDocuments, type EnsuredIndex, refreshIndex } from "../../../src/stores/elasticsearch/indices/indices.ts";
import {
  loadTemplates,
  mappingOf,
  type TemplateMapping,
} from "../../../src/stores/elasticsearch/indices/template-files.ts";
import { installTemplates } from "../../../src/stores/elasticsearch/indices/templates.ts";
import { elasticsearchClient } from "../../support/elasticsearch-client.ts";
import { archiveOwner, ensureNamed, someArchive } from "../../support/index-owner.ts";

const client = await elasticsearchClient();
const resources = loadTemplates().map((template) => template.resource);

let prefix: string;
beforeEach(async () => {
  prefix = `t${randomBytes(4).toString("hex")}`;
  await installTemplates(client, { prefix, shards: 1, replicas: 0, refreshInterval: "30s" });
});
afterEach(async () => {
  await client.indices.deleteIndexTemplate({ name: `${prefix}-*` });
  const wanted = { index: `${prefix}-*`, expand_wildcards: "all" as const, filter_path: "*.settings.index.uuid" };
  for (const index of Object.keys(await client.indices.get(wanted))) {
    await client.indices.putSettings({ index, settings: { "index.blocks.read_only": null } }).catch(() => undefined);
    await client.indices.delete({ index });
  }
});
afterAll(() => client.close());

const runs = (tenantId: string, month = "2024-05") => indexName({ prefix, resource: "workflow-runs", tenantId, month });

const ensure = (name: string, mapping?: TemplateMapping): Promise<EnsuredIndex> =>
  ensureNamed(client, prefix, name, { ...(mapping && { mapping }) });

async function write(index: string, count: number): Promise<void> {
  const operations = Array.from({ length: count }, (_unused, id) => [{ index: { _id: String(id) } }, { id }]).flat();
  const response = await client.bulk({ index, operations });
  expect(response.errors).toBe(false);
}

describe("ensureIndex", () => {
  test("makes an index of ours once, and finds it again", async () => {
    const first = await ensure(runs("acme"));
    expect(first).toEqual({ uuid: expect.stringMatching(/^[\w-]{20,}$/) as string, created: true });
    expect(await ensure(runs("acme"))).toEqual({ uuid: first.uuid, created: false });
    await client.indices.delete({ index: runs("acme") });
    expect((await ensure(runs("acme"))).uuid).not.toBe(first.uuid);
  });

  test("of many callers at once exactly one makes it", async () => {
    const ensured = await Promise.all(Array.from({ length: 8 }, () => ensure(runs("acme"))));
    expect(ensured.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(ensured.map(({ uuid }) => uuid)).size).toBe(1);
  });

  test("refuses an index that someone else made", async () => {
    await client.indices.deleteIndexTemplate({ name: `${prefix}-workflow-runs-template` });
    await client.indices.create({ index: runs("acme") });
    await expect(ensure(runs("acme"))).rejects.toMatchObject({
      code: "index_foreign",
      message: `The index ${runs("acme")} was not made by log-archive.`,
    });
  });

  test("refuses to make an index without our template", async () => {
    await client.indices.deleteIndexTemplate({ name: `${prefix}-workflow-runs-template` });
    await expect(ensure(runs("acme"))).rejects.toMatchObject({ code: "template_missing" });
    expect(await client.indices.exists({ index: runs("acme") })).toBe(false);
  });

  test("refuses an alias, which would lead the rows elsewhere", async () => {
    await ensure(runs("other"));
    await client.indices.putAlias({ index: runs("other"), name: runs("acme") });
    await expect(ensure(runs("acme"))).rejects.toMatchObject({
      code: "index_alias",
      message: expect.stringContaining("alias") as string,
    });
  });

  test("says that an index is closed", async () => {
    await ensure(runs("acme"));
    await client.indices.close({ index: runs("acme") });
    await expect(ensure(runs("acme"))).rejects.toMatchObject({ code: "index_closed" });
    await client.indices.open({ index: runs("acme") });
    expect(await ensure(runs("acme"))).toMatchObject({ created: false });
  });

  test.each(["write", "read_only"] as const)("says that an index has the block %s", async (block) => {
    await ensure(runs("acme"));
    await client.indices.addBlock({ index: runs("acme"), block });
    await expect(ensure(runs("acme"))).rejects.toMatchObject({
      code: "index_blocked",
      message: expect.stringContaining(`index.blocks.${block}`) as string,
    });
  });

  test("leaves a flood-stage block to the bulks, which wait for it to go away", async () => {
    await ensure(runs("acme"));
    await client.indices.putSettings({
      index: runs("acme"),
      settings: { "index.blocks.read_only_allow_delete": true },
    });
    expect(await ensure(runs("acme"))).toMatchObject({ created: false });
  });

  test("an index of an older version keeps its documents and gets the fields it lacks, once", async () => {
    const index = runs("acme");
    const { uuid } = await ensure(index);
    await write(index, 2);
    const newer = {
      ...mappingOf("workflow-runs"),
      _meta: { template: "log-archive", template_version: 99 } as const,
    };
    newer.properties = { ...newer.properties, later: { type: "keyword" } };

    expect(await ensure(index, newer)).toEqual({ uuid, created: false });

    const { mappings } = (await client.indices.getMapping({ index }))[index]!;
    expect(mappings._meta).toMatchObject({ managed_by: "log-archive", template_version: 99, archive: someArchive });
    expect(mappings.properties).toEqual({ ...mappingOf("workflow-runs").properties, later: { type: "keyword" } });
    await refreshIndex(client, index);
    expect(await countDocuments(client, index)).toBe(2);

    await ensure(index, mappingOf("workflow-runs"));
    expect((await client.indices.getMapping({ index }))[index]!.mappings._meta).toMatchObject({ template_version: 99 });
  });
});

describe("countDocuments", () => {
  test("counts what a refresh has made visible; a missing index has none", async () => {
    await expect(countDocuments(client, runs("acme"))).resolves.toBe(0);
    await expect(refreshIndex(client, runs("acme"))).resolves.toBeUndefined();
    await ensure(runs("acme"));
    await write(runs("acme"), 12);
    await refreshIndex(client, runs("acme"));
    await expect(countDocuments(client, runs("acme"))).resolves.toBe(12);
  });

  test("a closed index is an error, not an empty one", async () => {
    await ensure(runs("acme"));
    await write(runs("acme"), 3);
    await client.indices.close({ index: runs("acme") });
    await expect(countDocuments(client, runs("acme"))).rejects.toMatchObject({
      message: expect.stringContaining("closed") as string,
    });
  });
});

describe("listIndices", () => {
  test("nothing is an empty list", async () => {
    expect(await listIndices(client, archiveOwner(), prefix, resources)).toEqual({
      indices: [],
      foreign: [],
      aliases: [],
      ofOthers: [],
    });
  });

  test("finds what is ours and says what it is", async () => {
    const names = resources.map((resource) => indexName({ prefix, resource, tenantId: "acme", month: "2024-05" }));
    for (const name of names) await ensure(name);
    await write(runs("acme"), 5);
    await refreshIndex(client, runs("acme"));

    const { indices, foreign } = await listIndices(client, archiveOwner(), prefix, resources);
    expect(foreign).toEqual([]);
    expect(indices.map(({ name }) => name)).toEqual(names.toSorted());
    expect(indices.find(({ name }) => name === runs("acme"))).toEqual({
      name: runs("acme"),
      index: runs("acme"),
      uuid: (await ensure(runs("acme"))).uuid,
      resource: "workflow-runs",
      tenantId: "acme",
      month: "2024-05",
      status: "open",
      documents: 5,
      bytes: expect.any(Number) as number,
      shards: 1,
    });
    expect(indices.every(({ bytes }) => bytes > 0)).toBe(true);
  });

  test("of one tenant, and not of those whose id goes on", async () => {
    for (const tenantId of ["acme", "acme-eu", "acme-2024"]) await ensure(runs(tenantId));
    const { indices, foreign } = await listIndices(client, archiveOwner(), prefix, resources, "acme");
    expect(indices.map(({ name }) => name)).toEqual([runs("acme")]);
    expect(foreign).toEqual([]);
  });

  test("names apart what looks like ours and is not, and does not follow aliases", async () => {
    await ensure(runs("acme"));
    await client.indices.create({ index: `${prefix}-workflow-runs-acme-2024.05-restored` });
    await client.indices.create({ index: `${prefix}-workflow-sessions-acme-2024.05` });
    await client.indices.putAlias({
      index: `${prefix}-workflow-sessions-acme-2024.05`,
      name: `${prefix}-workflow-runs-zzz-2024.05`,
    });
    await client.indices.deleteIndexTemplate({ name: `${prefix}-workflow-app-logs-template` });
    const unmarked = indexName({ prefix, resource: "workflow-app-logs", tenantId: "acme", month: "2024-05" });
    await client.indices.create({ index: unmarked });

    const { indices, foreign } = await listIndices(client, archiveOwner(), prefix, resources);
    expect(indices.map(({ name }) => name)).toEqual([runs("acme")]);
    expect(foreign).toEqual([unmarked, `${prefix}-workflow-runs-acme-2024.05-restored`]);
  });

  test("closed and hidden indices are there; what a closed one holds is not known", async () => {
    await ensure(runs("acme"));
    await write(runs("acme"), 4);
    await client.indices.close({ index: runs("acme") });
    await ensure(runs("beta"));
    await client.indices.putSettings({ index: runs("beta"), settings: { "index.hidden": true } });
    const { indices } = await listIndices(client, archiveOwner(), prefix, resources);
    expect(indices).toMatchObject([
      { tenantId: "acme", status: "closed", documents: undefined, shards: 1 },
      { tenantId: "beta", status: "open", documents: 0, shards: 1 },
    ]);
  });

  test("what an index without its primary shard holds is not known, and cannot be counted", async () => {
    const settings = { "index.routing.allocation.require._name": "nowhere" };
    const mappings = { _meta: { managed_by: "log-archive", template_version: 99, archive: someArchive } };
    await client.indices.create({ index: runs("acme"), settings, mappings, wait_for_active_shards: 0 });
    const { indices } = await listIndices(client, archiveOwner(), prefix, resources);
    expect(indices).toMatchObject([{ tenantId: "acme", status: "open", documents: undefined, shards: 1 }]);
    await expect(countDocuments(client, runs("acme"))).rejects.toMatchObject({ code: "elasticsearch_failed" });
  });

  test("replicas count as shards", async () => {
    await installTemplates(client, { prefix, shards: 2, replicas: 1, refreshInterval: "30s" });
    await ensure(runs("acme"));
    const { indices } = await listIndices(client, archiveOwner(), prefix, resources);
    expect(indices).toMatchObject([{ shards: 4, documents: 0 }]);
  });
});
