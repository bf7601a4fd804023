import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { indexName } from "../../../src/stores/elasticsearch/indices/index-names.ts";
import {
  loadTemplates,
  mappingOf,
  templateBody,
  templateName,
} from "../../../src/stores/elasticsearch/indices/template-files.ts";
import { installTemplates, templateStates } from "../../../src/stores/elasticsearch/indices/templates.ts";
import { elasticsearchClient } from "../../support/elasticsearch-client.ts";
import { ensureNamed } from "../../support/index-owner.ts";

const client = await elasticsearchClient();
const resources = loadTemplates().map((template) => template.resource);

let prefix: string;
let settings: { prefix: string; shards: number; replicas: number; refreshInterval: string };
beforeEach(() => {
  prefix = `t${randomBytes(4).toString("hex")}`;
  settings = { prefix, shards: 1, replicas: 0, refreshInterval: "30s" };
});
afterEach(async () => {
  await client.indices.deleteIndexTemplate({ name: `${prefix}-*` }, { ignore: [404] });
  const indices = await client.indices.get({ index: `${prefix}-*`, filter_path: "*.settings.index.uuid" });
  for (const index of Object.keys(indices)) await client.indices.delete({ index });
});
afterAll(() => client.close());

const nameOf = (resource: string) => indexName({ prefix, resource, tenantId: "acme", month: "2024-05" });
const actions = async () => (await installTemplates(client, settings)).map(({ action }) => action);
const states = async () => (await templateStates(client, settings)).map(({ state }) => state);
const putForeign = (name: string, patterns: string[], priority: number) =>
  client.indices.putIndexTemplate({ name: `${prefix}-${name}`, index_patterns: patterns, priority });

describe("installTemplates", () => {
  test("creates what is missing and then leaves it alone", async () => {
    expect(await states()).toEqual(["missing", "missing", "missing"]);
    expect(await installTemplates(client, settings)).toEqual(
      resources.map((resource) => ({ name: templateName(prefix, resource), action: "created" })),
    );
    expect(await states()).toEqual(["current", "current", "current"]);
    expect(await actions()).toEqual(["unchanged", "unchanged", "unchanged"]);
  });

  test("puts a deleted template back", async () => {
    await installTemplates(client, settings);
    await client.indices.deleteIndexTemplate({ name: templateName(prefix, "workflow-runs") });
    expect(await actions()).toEqual(["unchanged", "unchanged", "created"]);
  });

  test.each([
    ["shards", { shards: 2 }],
    ["replicas", { replicas: 1 }],
    ["refresh interval", { refreshInterval: "5s" }],
    ["no refresh", { refreshInterval: "-1" }],
    ["codec", { codec: "best_compression" }],
  ])("a change of %s is an upgrade, and so is going back", async (_name, change) => {
    await installTemplates(client, settings);
    const before = settings;
    settings = { ...settings, ...change };
    expect(await states()).toEqual(["outdated", "outdated", "outdated"]);
    expect(await actions()).toEqual(["upgraded", "upgraded", "upgraded"]);
    expect(await actions()).toEqual(["unchanged", "unchanged", "unchanged"]);
    settings = before;
    expect(await actions()).toEqual(["upgraded", "upgraded", "upgraded"]);
  });

  test("the operator's settings reach the index", async () => {
    await installTemplates(client, { ...settings, shards: 2, refreshInterval: "7s", codec: "best_compression" });
    const index = nameOf("workflow-runs");
    await ensureNamed(client, prefix, index);
    const made = await client.indices.getSettings({ index });
    expect(made[index]?.settings?.index).toMatchObject({
      number_of_shards: "2",
      number_of_replicas: "0",
      refresh_interval: "7s",
      codec: "best_compression",
      mapping: { total_fields: { limit: "2000" } },
    });
  });

  test("a template changed by hand is put right", async () => {
    await installTemplates(client, settings);
    const template = loadTemplates().find(({ resource }) => resource === "workflow-runs");
    if (template === undefined) throw new Error("no template");
    const ours = templateBody(template, settings);
    const name = templateName(prefix, "workflow-runs");
    const changes = [
      { ...ours, allow_auto_create: true },
      { ...ours, priority: 501 },
      { ...ours, index_patterns: [...ours.index_patterns, `${prefix}-other-*`] },
      { ...ours, data_stream: {} },
      { ...ours, template: { ...ours.template, aliases: { [`${prefix}-all`]: {} } } },
      { ...ours, template: { ...ours.template, mappings: { ...ours.template.mappings, dynamic: true } } },
    ];
    for (const change of changes) {
      await client.indices.putIndexTemplate({ name, ...change });
      expect(await actions()).toEqual(["unchanged", "unchanged", "upgraded"]);
    }
    expect(await states()).toEqual(["current", "current", "current"]);
  });

  test("several at once install the same", async () => {
    await Promise.all([1, 2, 3, 4].map(() => installTemplates(client, settings)));
    expect(await states()).toEqual(["current", "current", "current"]);
  });

  test("a template of a newer version is not taken back", async () => {
    await installTemplates(client, settings);
    const name = templateName(prefix, "workflow-runs");
    const meta = { managed_by: "log-archive", template_version: 99 };
    await client.indices.putIndexTemplate({
      name,
      index_patterns: [`${prefix}-workflow-runs-*`],
      priority: 500,
      _meta: meta,
    });
    expect(await states()).toEqual(["current", "current", "newer"]);
    await expect(installTemplates(client, settings)).rejects.toMatchObject({ code: "template_newer" });
  });
});

const ours = (pattern: string) => pattern.replace("P", prefix);

describe("conflicts", () => {
  test.each([
    ["a higher priority and all names", ["P-*"], 501],
    ["a higher priority and one tenant", ["P-workflow-runs-acme-*"], 1000],
    ["a higher priority and one month", ["P-*-2031.12"], 501],
    ["one of several patterns", ["zzz-*", "P-work*"], 501],
    ["the same priority and overlapping patterns", ["P-*"], 500],
    ["the same priority and patterns that overlap, though not in a name of ours", ["P-*-metrics"], 500],
  ])("refuses a foreign template with %s, and writes nothing", async (_name, patterns, priority) => {
    await putForeign("foreign", patterns.map(ours), priority);
    await expect(installTemplates(client, settings)).rejects.toMatchObject({
      code: "template_conflict",
      message: expect.stringMatching(
        new RegExp(
          `${prefix}-foreign matches .* with priority ${priority} and would decide over the indices of workflow-`,
        ),
      ) as string,
      hint: expect.stringMatching(
        /Delete .*-foreign, lower its priority below 500, .*ELASTICSEARCH_INDEX_PREFIX/,
      ) as string,
    });
    expect(await states()).toContain("foreign");
    for (const resource of resources) {
      expect(await client.indices.existsIndexTemplate({ name: templateName(prefix, resource) })).toBe(false);
    }
  });

  test.each([
    ["a lower priority", ["P-*"], 499],
    ["no priority", ["P-*"], 0],
    ["a higher priority and no name of ours", ["P-*-metrics", "P-workflow-sessions-*", "P-workflow-runs"], 900],
  ])("leaves a foreign template with %s alone", async (_name, patterns, priority) => {
    await putForeign("foreign", patterns.map(ours), priority);
    expect(await actions()).toEqual(["created", "created", "created"]);
    for (const resource of resources) {
      const { template } = await client.indices.simulateIndexTemplate({ name: nameOf(resource) });
      expect(template.mappings._meta).toEqual(mappingOf(resource)._meta);
    }
  });

  test("a foreign template with the name of ours is not overwritten", async () => {
    const name = templateName(prefix, "workflow-app-logs");
    await client.indices.putIndexTemplate({ name, index_patterns: [`${prefix}-x-*`] });
    expect(await states()).toEqual(["foreign", "missing", "missing"]);
    await expect(installTemplates(client, settings)).rejects.toMatchObject({
      code: "template_conflict",
      message: expect.stringMatching(/has the name of ours, and was not made by log-archive/) as string,
    });
    expect(await states()).toEqual(["foreign", "missing", "missing"]);
  });

  test("one that appears later is seen, and status names it", async () => {
    await installTemplates(client, settings);
    await putForeign("foreign", [`${prefix}-workflow-node-*`], 700);
    expect(await states()).toEqual(["current", "foreign", "current"]);
    await expect(installTemplates(client, settings)).rejects.toMatchObject({ code: "template_conflict" });
  });

  test("legacy templates are harmless", async () => {
    const name = `${prefix}-legacy`;
    await client.indices.putTemplate({
      name,
      index_patterns: [`${prefix}-*`],
      order: 999,
      settings: { number_of_shards: 9 },
    });
    try {
      await installTemplates(client, settings);
      await ensureNamed(client, prefix, nameOf("workflow-runs"));
      const made = await client.indices.getSettings({ index: nameOf("workflow-runs") });
      expect(made[nameOf("workflow-runs")]?.settings?.index?.number_of_shards).toBe("1");
    } finally {
      await client.indices.deleteTemplate({ name });
    }
  });
});

test("a wrong setting is said in one sentence, and nothing is installed", async () => {
  await expect(installTemplates(client, { ...settings, codec: "zip" })).rejects.toMatchObject({
    code: "elasticsearch_failed",
    message: expect.stringContaining("zip") as string,
  });
  expect(await states()).toEqual(["missing", "missing", "missing"]);
});

describe("documents", () => {
  const long = "长".repeat(40_000);
  const odd = [null, "", "NaN", "-Infinity", long, "9223372036854775807", "-1", "1e400", "true", "not a number"];
  const oddDates = [
    "1969-12-31T23:59:59.999999Z",
    "2300-01-01T00:00:00Z",
    "infinity",
    "",
    long,
    "0044-03-15T00:00:00Z",
    null,
  ];

  test.each(resources)("no value of a column makes Elasticsearch refuse a row of %s", async (resource) => {
    await installTemplates(client, settings);
    const index = nameOf(resource);
    await ensureNamed(client, prefix, index);
    const template = loadTemplates().find((candidate) => candidate.resource === resource);
    const columns = Object.keys(template?.body.template.mappings.properties ?? {}).filter((name) => name !== "archive");

    const rows = [...odd, ...oddDates].map((value) => Object.fromEntries(columns.map((column) => [column, value])));
    const payloads = ['{"a":1,"a":2,"":3,"b.c":NaN}', '{"a', "[1,[2]]", "\\u0000 \\ud800", "{}"];
    for (const text of payloads) rows.push({ inputs: text, outputs: text, graph: text, execution_metadata: text });
    rows.push({ unknown_column: "1", created_at: "2024-05-01T00:00:00.123456Z" });

    const response = await client.bulk({
      index,
      refresh: true,
      operations: rows.flatMap((row, i) => [{ index: { _id: String(i) } }, row]),
    });
    expect(response.items.flatMap((item) => item.index?.error ?? [])).toEqual([]);
    const found = await client.mget<Record<string, unknown>>({ index, ids: rows.map((_row, i) => String(i)) });
    expect(found.docs.map((document) => ("_source" in document ? document._source : undefined))).toEqual(rows);

    const mapping = await client.indices.getMapping({ index });
    expect(mapping[index]?.mappings.properties).not.toHaveProperty("unknown_column");
  });

  test("created_at is found and sorted by microseconds", async () => {
    await installTemplates(client, settings);
    const index = nameOf("workflow-runs");
    await ensureNamed(client, prefix, index);
    const times = ["2024-05-01T00:00:00.123457Z", "2024-05-01T00:00:00.123456Z", "2024-05-01T00:00:00.123455Z"];
    await client.bulk({
      index,
      refresh: true,
      operations: times.flatMap((created_at) => [{ index: {} }, { created_at }]),
    });
    const { hits } = await client.search<{ created_at: string }>({
      index,
      query: { range: { created_at: { gte: times[1] } } },
      sort: [{ created_at: "asc" }],
    });
    expect(hits.hits.map((hit) => hit._source?.created_at)).toEqual([times[1], times[0]]);
  });

  test("a bulk into an index that someone dropped is refused instead of starting a new one", async () => {
    await installTemplates(client, settings);
    const response = await client.bulk({
      operations: [{ index: { _index: nameOf("workflow-runs"), _id: "1" } }, { id: "1" }],
    });
    expect(response.items[0]?.index?.error?.type).toBe("index_not_found_exception");
    expect(await client.indices.exists({ index: nameOf("workflow-runs") })).toBe(false);
  });
});
