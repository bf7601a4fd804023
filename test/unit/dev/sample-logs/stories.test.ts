import { createHash } from "node:crypto";

import { describe, expect, test } from "vitest";

import { copyLine } from "../../../../dev/sample-logs/copy-text.ts";
import { defaultSampleOptions, type SampleOptions } from "../../../../dev/sample-logs/sample-options.ts";
import { schemaVersions } from "../../../../dev/sample-logs/schema.ts";
import { sampleStories } from "../../../../dev/sample-logs/stories.ts";
import { columnsOf, type Row, type TableName, tablesOf } from "../../../../dev/sample-logs/tables.ts";

function rowsOf<T extends TableName>(table: T, options: Partial<SampleOptions>): Row<T>[] {
  const rows: Row<T>[] = [];
  for (const story of sampleStories({ ...defaultSampleOptions, ...options })) {
    for (const entry of story.rows) if (entry.table === table) rows.push(entry.row as Row<T>);
  }
  return rows;
}

function fingerprint(options: Partial<SampleOptions>): string {
  const hash = createHash("sha256");
  const all = { ...defaultSampleOptions, ...options };
  for (const story of sampleStories(all)) {
    for (const { table, row } of story.rows) hash.update(`${table}\t${copyLine(row, columnsOf(table, all.schema))}`);
    for (const blob of story.blobs) hash.update(blob.key).update(blob.content);
  }
  return hash.digest("hex");
}

describe("determinism", () => {
  const options = { nodeExecutions: 1_500, hostile: true, unarchivable: true };

  test.each(schemaVersions)("the same seed gives the same bytes in %s", (schema) => {
    expect(fingerprint({ ...options, schema })).toBe(fingerprint({ ...options, schema }));
  });

  test("another seed gives other bytes", () => {
    expect(fingerprint({ ...options, seed: 2 })).not.toBe(fingerprint(options));
  });
});

describe("size", () => {
  test.each([0, 1, 7, 1000])("%i node executions are that many", (nodeExecutions) => {
    expect(rowsOf("workflow_node_executions", { nodeExecutions })).toHaveLength(nodeExecutions);
  });

  test("only the tables of the version get rows", () => {
    for (const schema of schemaVersions) {
      const tables = new Set<TableName>();
      for (const { rows } of sampleStories({ ...defaultSampleOptions, schema, hostile: true })) {
        for (const { table } of rows) tables.add(table);
      }
      // 1.8 has upload_files, but nothing is offloaded to them yet.
      if (schema === "1.8") tables.add("upload_files");
      expect([...tables].toSorted()).toEqual(tablesOf(schema).toSorted());
    }
  });
});

describe("shape of ordinary rows", () => {
  const nodes = rowsOf("workflow_node_executions", { nodeExecutions: 20_000, tenants: 20 });
  const runs = rowsOf("workflow_runs", { nodeExecutions: 20_000, tenants: 20 });
  const logs = rowsOf("workflow_app_logs", { nodeExecutions: 20_000, tenants: 20 });

  test("JSON bytes per node execution are those measured on a real database", () => {
    const sizes = nodes
      .map((row) => [row.inputs, row.process_data, row.outputs, row.execution_metadata])
      .map((columns) => columns.reduce((sum, text) => sum + Buffer.byteLength(text ?? ""), 0))
      .toSorted((a, b) => a - b);
    const percentile = (share: number) => sizes[Math.floor(share * (sizes.length - 1))] ?? 0;
    // Real: 1.0 / 2.2 / 5.2 / 11.5 / 239 KB.
    expect(percentile(0.1)).toBeGreaterThan(500);
    expect(percentile(0.1)).toBeLessThan(1_500);
    expect(percentile(0.5)).toBeGreaterThan(1_600);
    expect(percentile(0.5)).toBeLessThan(2_800);
    expect(percentile(0.9)).toBeGreaterThan(3_900);
    expect(percentile(0.9)).toBeLessThan(6_500);
    expect(percentile(0.99)).toBeGreaterThan(8_500);
    expect(percentile(0.99)).toBeLessThan(15_000);
    expect(percentile(1)).toBeGreaterThan(50_000);
  });

  test("every JSON column of an ordinary row holds JSON or nothing", () => {
    for (const row of nodes) {
      for (const text of [row.inputs, row.process_data, row.outputs, row.execution_metadata]) JSON.parse(text || "{}");
    }
    for (const row of runs) for (const text of [row.graph, row.inputs, row.outputs]) JSON.parse(text || "{}");
  });

  test("tenants are skewed and every month has rows", () => {
    const byTenant = Object.values(Object.groupBy(runs, (row) => row.tenant_id ?? "")).map(
      (group) => group?.length ?? 0,
    );
    expect(byTenant).toHaveLength(20);
    expect(Math.max(...byTenant) / runs.length).toBeGreaterThan(0.2);
    expect(Math.max(...byTenant) / runs.length).toBeLessThan(0.4);
    const months = Object.keys(Object.groupBy(nodes, (row) => row.created_at?.slice(0, 7) ?? ""));
    expect(months.toSorted()).toEqual(["2025-09", "2025-10", "2025-11"]);
  });

  test("many rows share an instant, and app logs have whole seconds", () => {
    const crowds = Object.values(Object.groupBy(nodes, (row) => `${row.tenant_id} ${row.created_at}`));
    expect(Math.max(...crowds.map((crowd) => crowd?.length ?? 0))).toBeGreaterThan(30);
    expect(logs.filter((row) => row.created_at?.includes("."))).toEqual([]);
  });

  test("an app log can lie in the month after its run, and belongs to a workflow that was not debugged", () => {
    const byId = new Map(runs.map((row) => [row.id, row]));
    const parents = logs.map((log) => ({ log, run: byId.get(log.workflow_run_id) }));
    expect(parents.filter(({ run }) => run?.type !== "workflow" || run.triggered_from === "debugging")).toEqual([]);
    expect(parents.some(({ log, run }) => log.created_at?.slice(0, 7) !== run?.created_at?.slice(0, 7))).toBe(true);
  });

  test("nothing is written as NULL, '' and '{}', and CJK both escaped and raw", () => {
    expect(new Set(nodes.map((row) => row.process_data)).size).toBeGreaterThan(100);
    for (const nothing of [null, "{}"]) expect(nodes.some((row) => row.process_data === nothing)).toBe(true);
    expect(nodes.some((row) => row.error === "")).toBe(true);
    expect(nodes.some((row) => row.outputs?.includes("\\u4f60\\u597d"))).toBe(true);
    expect(nodes.some((row) => row.outputs?.includes("你好"))).toBe(true);
  });

  test("runs and nodes that have not ended have no finished_at", () => {
    const open = ["running", "paused", "pending"];
    for (const row of [...runs, ...nodes]) expect(row.finished_at === null).toBe(open.includes(row.status ?? ""));
    for (const status of ["running", "paused"]) expect(runs.some((row) => row.status === status)).toBe(true);
    for (const status of open) expect(nodes.some((row) => row.status === status)).toBe(true);
  });

  test("prices in metadata are text from one writer and numbers from the other", () => {
    expect(nodes.some((row) => row.execution_metadata?.includes('"total_price": "0.0'))).toBe(true);
    expect(nodes.some((row) => row.execution_metadata?.includes('"total_price": 0.0'))).toBe(true);
  });

  test("an offload's hash and size are those of its content", () => {
    let checked = 0;
    for (const { rows, blobs } of sampleStories({ ...defaultSampleOptions, schema: "1.13" })) {
      for (const entry of rows) {
        if (entry.table !== "upload_files") continue;
        const blob = blobs.find(({ key }) => key === entry.row.key);
        const content = blob?.content ?? Buffer.alloc(0);
        expect(entry.row.size).toBe(String(content.length));
        expect(entry.row.hash).toBe(createHash("sha3-256").update(content).digest("hex"));
        expect(JSON.parse(content.toString())).toHaveProperty("text");
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(5);
  });

  test("retries before 1.9 are rows of their own that share the node_execution_id", () => {
    const old = rowsOf("workflow_node_executions", { schema: "1.8" });
    const retry = old.find((row) => row.status === "retry");
    expect(old.filter((row) => row.node_execution_id === retry?.node_execution_id).length).toBeGreaterThan(1);
  });
});

describe("hostile cases", () => {
  test("names and ids are unique, and the huge rows are as big as they say", () => {
    const runs = rowsOf("workflow_runs", { nodeExecutions: 0, hostile: true, hugeRows: true });
    const nodes = rowsOf("workflow_node_executions", { nodeExecutions: 0, hostile: true, hugeRows: true });
    expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
    expect(Math.max(...nodes.map((row) => Buffer.byteLength(row.outputs ?? "")))).toBeGreaterThan(20_000_000);
    expect(runs.length).toBeGreaterThan(150);
    expect(nodes.length).toBeGreaterThan(180);
  });
});
