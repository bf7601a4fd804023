import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { z } from "zod";
import { createMetrics } from "../../src/cli/metrics/metrics.ts";

const board = z.object({
  panels: z.array(
    z.object({
      title: z.string(),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).min(1),
    }),
  ),
});

/** The label names of each metric that the program has. */
async function metricLabels(): Promise<Map<string, Set<string>>> {
  const source = await readFile("src/cli/metrics/metrics.ts", "utf8");
  const declared = [...source.matchAll(/(?:counter|gauge)\(\s*"(\w+)",\s*"[^"]*"(?:,\s*\[([^\]]*)\])?/g)];
  const labels = new Map(
    declared.map(([, name, list = ""]) => [
      `log_archive_${name}`,
      new Set([...list.matchAll(/"(\w+)"/g)].map(([, label]) => label!)),
    ]),
  );
  for (const part of ["bucket", "count", "sum"])
    labels.set(`log_archive_elasticsearch_request_seconds_${part}`, new Set(["kind", "outcome", "le"]));
  return labels;
}

test("the Grafana board asks for metrics and labels that the program has, and leaves no own metric out", async () => {
  const { panels } = board.parse(JSON.parse(await readFile("deploy/grafana/log-archive.json", "utf8")));
  const served = await createMetrics(await import("prom-client")).text();
  const known = new Set([...served.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!));
  const labels = await metricLabels();
  const asked = new Set<string>();
  for (const { title, targets } of panels) {
    for (const { expr, legendFormat } of targets) {
      const names = [...expr.matchAll(/\b(?:log_archive|process)_\w+/g)].map(([name]) => name);
      expect(names.length, title).toBeGreaterThan(0);
      for (const name of names) {
        asked.add(name.replace(/(request_seconds)_(bucket|count|sum)$/, "$1"));
        expect(known, title).toContain(name.replace(/(request_seconds)_(bucket|count|sum)$/, "$1"));
      }
      const own = labels.get(names[0]!) ?? new Set();
      const used = [
        ...[...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(",").map((label) => label.trim())),
        ...[...expr.matchAll(/(\w+)(?:=~|!=|=)"/g)].map(([, label]) => label!),
        ...[...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!),
      ];
      for (const label of used) expect([...own, "instance"], `${title}: ${expr}`).toContain(label);
    }
  }
  const ours = [...known].filter((name) => name.startsWith("log_archive_"));
  const left = ours.filter((name) => !asked.has(name));
  // what a progress bar is for, and what an alert says in words
  expect(left.toSorted()).toEqual([
    "log_archive_capture_installed",
    "log_archive_partitions_done_total",
    "log_archive_planned_rows",
    "log_archive_run_last_end_timestamp_seconds",
  ]);
});

test("the panels of the Grafana board do not cover one another", async () => {
  const { panels } = board.parse(JSON.parse(await readFile("deploy/grafana/log-archive.json", "utf8")));
  const taken = new Set<string>();
  for (const { title, gridPos } of panels) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(taken.has(`${x} ${y}`), title).toBe(false);
        taken.add(`${x} ${y}`);
      }
    }
  }
});

const savedObject = z.object({
  type: z.enum(["index-pattern", "search"]),
  id: z.string(),
  attributes: z.looseObject({
    title: z.string(),
    timeFieldName: z.string().optional(),
    columns: z.array(z.string()).optional(),
    sort: z.array(z.tuple([z.string(), z.enum(["asc", "desc"])])).optional(),
    kibanaSavedObjectMeta: z.object({ searchSourceJSON: z.string() }).optional(),
  }),
  references: z.array(z.object({ id: z.string(), name: z.string(), type: z.literal("index-pattern") })),
});
const template = z.object({
  template: z.object({ mappings: z.object({ properties: z.record(z.string(), z.unknown()) }) }),
});

test("Kibana's data views are of our indices, and each search names fields that their documents have", async () => {
  const lines = (await readFile("deploy/kibana/log-archive.ndjson", "utf8")).trimEnd().split("\n");
  const objects = lines.map((line) => savedObject.parse(JSON.parse(line)));
  expect(new Set(objects.map(({ id }) => id)).size).toBe(objects.length);
  const fields = new Map<string, Set<string>>();
  for (const { type, id, attributes } of objects.filter((one) => one.type === "index-pattern")) {
    const resource = /^dify-([a-z-]+)-\*$/.exec(attributes.title)?.[1] ?? expect.fail(`${type} ${attributes.title}`);
    const { template: of } = template.parse(JSON.parse(await readFile(`index-templates/${resource}.json`, "utf8")));
    fields.set(id, new Set(Object.keys(of.mappings.properties)));
    expect(fields.get(id)).toContain(attributes.timeFieldName);
  }
  expect(fields.size).toBe(3);
  const searches = objects.filter(({ type }) => type === "search");
  expect(searches.length).toBe(4);
  for (const { attributes, references } of searches) {
    const source = JSON.parse(attributes.kibanaSavedObjectMeta!.searchSourceJSON) as {
      query: { query: string };
      indexRefName: string;
    };
    const [reference] = references;
    expect(reference!.name).toBe(source.indexRefName);
    const asked = [...source.query.query.matchAll(/(\w+) (?::|>|<)/g)].map(([, name]) => name!);
    for (const name of [...attributes.columns!, ...attributes.sort!.map(([field]) => field), ...asked])
      expect(fields.get(reference!.id), attributes.title).toContain(name);
  }
});
