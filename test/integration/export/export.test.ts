import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { from as copyIn } from "pg-copy-streams";
import { afterAll, beforeAll, expect, test } from "vitest";
import { noProgress } from "../../../src/runs/progress.ts";
import { eachSource } from "../../../src/stores/elasticsearch/documents/each-source.ts";
import { parseExactJson } from "../../../src/stores/elasticsearch/documents/exact-json.ts";
import { exportLogs, type ExportReport } from "../../../src/workflow-logs/export/export-logs.ts";
import type { ExportOptions } from "../../../src/workflow-logs/export/options.ts";
import { importLogs, type ImportReport } from "../../../src/workflow-logs/export/import-logs.ts";
import { dataTypes } from "../../../src/workflow-logs/partitions/log-types.ts";
import { runAppHere } from "../../support/app-here.ts";
import { startApp } from "../../support/app-process.ts";
import { readParquet, unzstdByArrow } from "../../support/pyarrow.ts";
import { startRequestGate } from "../../support/request-gate.ts";
import { createTestArchive, documentsByIndex, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";

let archive: TestArchive;
let tenant: string;
let other: string;
let folder: string;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 900, tenants: 2, months: 2, hostile: true });
  const { rows } = await archive.sql.query<{ tenant: string }>(
    "SELECT tenant_id::text AS tenant FROM workflow_node_executions GROUP BY tenant_id ORDER BY count(*) DESC, 1 LIMIT 2",
  );
  [tenant, other] = rows.map((row) => row.tenant) as [string, string];
  await migrateOnce(archive);
  folder = await mkdtemp(path.join(tmpdir(), "export-"));
});
afterAll(async () => {
  await archive?.drop();
  await rm(folder, { recursive: true, force: true });
});

const at = (name: string): string => path.join(folder, name);

interface Call extends Partial<ExportOptions> {
  readonly signal?: AbortSignal;
  readonly onAdvanced?: () => void;
}

function exportTo(name: string, { signal, onAdvanced, ...more }: Call = {}): Promise<ExportReport> {
  const options: ExportOptions = {
    scope: { dataTypes, tenantIds: [tenant] },
    filters: { statuses: [] },
    query: "",
    folder: at(name),
    format: "ndjson",
    compression: "gzip",
    ...more,
  };
  const progress = { ...noProgress, advanced: () => onAdvanced?.() };
  const watch = { signal: signal ?? new AbortController().signal, progress };
  return withTestConnections(archive, {}, (connections) => exportLogs(connections, options, watch));
}

function importFrom(from: string, more: { dryRun?: boolean; dataType?: "workflow_runs" } = {}): Promise<ImportReport> {
  const watch = { signal: new AbortController().signal, progress: noProgress };
  return withTestConnections(archive, {}, (connections) =>
    importLogs(connections, { tenantId: tenant, from, dryRun: false, ...more }, watch),
  );
}

/** The lines of every file, by its name. */
async function linesOf(name: string): Promise<Map<string, string[]>> {
  const files = (await readdir(at(name))).filter((file) => file.endsWith(".ndjson.gz")).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(path.join(at(name), file))));
  return new Map(files.map((file, index) => [file, gunzipSync(texts[index]!).toString("utf8").trimEnd().split("\n")]));
}

/** What Elasticsearch has in the index, as it was sent. */
async function sourcesOf(index: string, ids: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  await withTestConnections(archive, {}, ({ elasticsearch }) =>
    eachSource(elasticsearch, index, ids, (id, source) => void found.set(id, source.toString("utf8"))),
  );
  return found;
}

const idOf = (line: string): string => (JSON.parse(line) as { id: string }).id;

test("every document is a line, byte for byte, in a file for its month, and none of another tenant", async () => {
  const report = await exportTo("whole");
  expect(report.status).toBe("completed");
  expect(report.documents).toBeGreaterThan(400); // several batches
  const counts = Object.entries(await documentsByIndex(archive)).filter(([index]) => index.includes(tenant));
  expect(
    Object.fromEntries(
      report.files.filter(({ documents }) => documents > 0).map((file) => [file.index, file.documents]),
    ),
  ).toEqual(Object.fromEntries(counts));
  const files = await linesOf("whole");
  for (const { file, index, documents } of report.files.filter((one) => one.documents > 0)) {
    const lines = files.get(file)!;
    expect(lines.length).toBe(documents);
    expect(new Map(lines.map((line) => [idOf(line), line]))).toEqual(await sourcesOf(index, lines.map(idOf)));
  }
  expect([...files.values()].flat().filter((line) => line.includes(other))).toEqual([]);
});

test("a run that is stopped, or that died within a part, goes on where it was and ends with the same lines", async () => {
  const stop = new AbortController();
  const first = await exportTo("resumed", { signal: stop.signal, onAdvanced: () => stop.abort() });
  expect(first.status).toBe("interrupted");
  const begun = (await readdir(at("resumed"))).filter((file) => file.endsWith(".gz"));
  expect(begun.length).toBe(1);
  await appendFile(path.join(at("resumed"), begun[0]!), gzipSync("half a part").subarray(0, 15));
  const again = await exportTo("resumed");
  expect(again.status).toBe("completed");
  expect(await linesOf("resumed")).toEqual(await linesOf("whole"));
  const third = await exportTo("resumed");
  expect(third).toMatchObject({ status: "completed", documents: again.documents, bytes: again.bytes });
});

test("a process that is killed in the midst leaves what the next one goes on from", async () => {
  const gate = await startRequestGate(archive.elasticsearchUrl);
  let arrived = gate.hold(/_mget/);
  const args = ["elasticsearch", "export", "--tenant-id", tenant, "--output", at("killed")];
  const { child, end } = startApp({ ...archive, elasticsearchUrl: gate.url }, args);
  for (let batch = 0; batch < 3; batch++) {
    await arrived;
    gate.release();
    arrived = gate.hold(/_mget/);
  }
  await arrived; // the fourth batch is asked for, and some of those before are on the disk
  child.kill("SIGKILL");
  expect((await end).signal).toBe("SIGKILL");
  gate.release();
  await gate.close();
  const { files } = JSON.parse(await readFile(path.join(at("killed"), "export.json"), "utf8")) as {
    files: { documents: number }[];
  };
  const saved = files.reduce((sum, { documents }) => sum + documents, 0);
  expect(saved).toBeGreaterThan(0);
  const again = await exportTo("killed");
  expect(again.documents).toBeGreaterThan(saved);
  expect(await linesOf("killed")).toEqual(await linesOf("whole"));
});

test("filters choose documents, and CSV has their columns, NULL apart from an empty text", async () => {
  const args = [
    "elasticsearch",
    "export",
    "--tenant-id",
    tenant,
    "--status",
    "succeeded",
    "--data-type",
    "workflow_runs",
  ];
  const end = await runAppHere(archive, [...args, "--output", at("csv"), "--format", "csv", "--compress", "none"]);
  expect(end.code, end.stderr).toBe(0);
  const files = (await readdir(at("csv"))).filter((file) => file.endsWith(".csv"));
  const texts = await Promise.all(files.map((file) => readFile(path.join(at("csv"), file), "utf8")));
  await archive.sql.query("CREATE TEMP TABLE exported AS SELECT *, ''::text AS more FROM workflow_runs WHERE false");
  await archive.sql.query(
    "ALTER TABLE exported ALTER COLUMN created_at TYPE timestamptz, ALTER COLUMN finished_at TYPE timestamptz",
  );
  const columns = texts[0]!.split("\r\n")[0]!;
  for (const text of texts) {
    const stream = archive.sql.query(copyIn(`COPY exported (${columns}) FROM STDIN (FORMAT csv, HEADER true)`));
    await new Promise((resolve, reject) => stream.on("finish", resolve).on("error", reject).end(text));
  }
  const compared = "id, status, error, inputs, outputs, version, total_tokens, created_at AT TIME ZONE 'UTC'";
  const { rows } = await archive.sql.query(`SELECT ${compared} FROM exported ORDER BY id`);
  const expected = await archive.sql.query(
    `SELECT ${compared.replace(" AT TIME ZONE 'UTC'", "")} FROM workflow_runs WHERE tenant_id = $1 AND status = 'succeeded' ORDER BY id`,
    [tenant],
  );
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.map((row: object) => Object.values(row) as unknown[])).toEqual(
    expected.rows.map((row: object) => Object.values(row) as unknown[]),
  );
});

test("a lost month comes back byte for byte, and whoever is there stays", async () => {
  const { files } = await exportTo("whole");
  const lost = files.find(({ documents }) => documents > 0)!;
  const lines = (await linesOf("whole")).get(lost.file)!;
  await fetch(`${archive.elasticsearchUrl}/${lost.index}`, { method: "DELETE" });
  expect(await importFrom(at("whole"), { dryRun: true })).toMatchObject({
    status: "dry_run",
    imported: lost.documents,
    different: 0,
    refused: 0,
  });
  expect((await sourcesOf(lost.index, lines.map(idOf))).size).toBe(0);
  const report = await importFrom(at("whole"));
  expect(report).toMatchObject({ status: "completed", imported: lost.documents, different: 0, refused: 0 });
  expect(report.present + report.imported).toBe(report.read);
  expect(await sourcesOf(lost.index, lines.map(idOf))).toEqual(new Map(lines.map((line) => [idOf(line), line])));
  expect(await importFrom(at("whole"))).toMatchObject({ status: "completed", imported: 0, present: report.read });
});

test("with zstd the lines are the same, for others and for import; a file that was cut off is refused", async () => {
  const asked = { compression: "zstd", scope: { dataTypes: ["workflow_runs"], tenantIds: [tenant] } } as const;
  const { files } = await exportTo("zstd", asked);
  const largest = files.toSorted((a, b) => b.bytes - a.bytes)[0]!;
  const text = (await unzstdByArrow(path.join(at("zstd"), largest.file))).toString("utf8");
  expect(text.trimEnd().split("\n")).toEqual((await linesOf("whole")).get(largest.file.replace(".zst", ".gz")));
  const read = files.reduce((sum, { documents }) => sum + documents, 0);
  expect(await importFrom(at("zstd"))).toMatchObject({ status: "completed", read, present: read });

  const cut = path.join(at("zstd"), largest.file);
  await truncate(cut, largest.bytes - 1);
  await expect(importFrom(at("zstd"))).rejects.toMatchObject({ code: "export_cut_off" });
  await expect(importFrom(cut)).rejects.toMatchObject({ code: "import_unreadable" });
  const stop = new AbortController();
  await exportTo("unfinished", { ...asked, signal: stop.signal, onAdvanced: () => stop.abort() });
  await expect(importFrom(at("unfinished"))).rejects.toMatchObject({ code: "export_unfinished" });
});

/** Numbers as text, because JSON has several texts for one. */
const comparable = (value: unknown): string =>
  typeof value === "string" ? value.replace(/^nan$/, "NaN").replace(/^(-?)inf$/, "$1Infinity") : String(value);

test("Parquet has every document's columns, and a run that was stopped goes on", async () => {
  const stop = new AbortController();
  const scope = { dataTypes: ["workflow_runs"], tenantIds: [tenant] } as const;
  const first = await exportTo("parquet", {
    format: "parquet",
    scope,
    signal: stop.signal,
    onAdvanced: () => stop.abort(),
  });
  expect(first.status).toBe("interrupted");
  const { files } = await exportTo("parquet", { format: "parquet", scope });
  expect((await readdir(at("parquet"))).filter((name) => !/\.parquet$|^export\.json$/.test(name))).toEqual([]);
  const whole = await linesOf("whole");
  const read = await readParquet(...files.map(({ file }) => path.join(at("parquet"), file)));
  for (const [index, { file, documents }] of files.entries()) {
    const { rows } = read[index]!;
    expect(rows.length).toBe(documents);
    if (documents === 0) continue;
    for (const [line, text] of whole.get(file.replace(".parquet", ".ndjson.gz"))!.entries()) {
      const { archive: _, ...document } = parseExactJson(Buffer.from(text)) as Record<string, unknown>;
      const { more, ...row } = rows[line]!;
      const odd = JSON.parse((more as string | null) ?? "{}") as Record<string, unknown>;
      for (const [name, value] of Object.entries(document)) {
        if (name in odd || name.endsWith("_at")) continue; // times are compared in parquet.test.ts
        expect(comparable(row[name]), `${file} ${name}`).toBe(comparable(value));
      }
    }
  }
});

test("lines that are no document of the tenant are refused by their number, others than those there are reported", async () => {
  const runs = [...(await linesOf("whole")).entries()].find(([file]) => file.startsWith("workflow_runs"))![1];
  const first = runs[0]!;
  const odd = [
    first,
    "",
    "no JSON",
    first.replace('"status":', '"status_":'),
    first.replace(tenant, other),
    "{}",
    `{"id":"x","tenant_id":"${tenant}"}`,
  ];
  await writeFile(at("odd.ndjson"), odd.join("\n"));
  const args = ["elasticsearch", "import", at("odd.ndjson"), "--tenant-id", tenant];
  expect((await runAppHere(archive, args)).code).toBe(2);
  const { code, stdout } = await runAppHere(archive, [...args, "--data-type", "workflow_runs", "--json"]);
  expect(code).toBe(3);
  const report = JSON.parse(stdout) as ImportReport;
  expect(report).toMatchObject({ read: 6, imported: 0, present: 1, different: 1, refused: 4 });
  const byLine = report.findings.toSorted((a, b) => a.line - b.line);
  expect(byLine.map(({ line, kind, reason }) => [line, kind, reason])).toEqual([
    [3, "refused", "is no JSON"],
    [4, "different", "another document has its id, and stays as it is"],
    [5, "refused", "is of another tenant"],
    [6, "refused", "has no id"],
    [7, "refused", "has no created_at with a month"],
  ]);
});

test.each([
  ["other options", "whole", ["--failed"], "export_of_others"],
  ["other files", ".", [], "folder_not_empty"],
])("a folder with %s is refused, and nothing in it is touched", async (_, name, flags, code) => {
  const before = await readdir(at(name));
  const args = ["elasticsearch", "export", "--tenant-id", tenant, "--output", at(name), ...flags, "--json"];
  const end = await runAppHere(archive, args);
  expect(end.code).toBe(2);
  expect(JSON.parse(end.stdout)).toMatchObject({ error: { code } });
  expect(await readdir(at(name))).toEqual(before);
});
