import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLogsFile, tidy } from "../../../src/workflow-logs/export/logs-file.ts";
import type { ExportOptions } from "../../../src/workflow-logs/export/options.ts";
import { readParquet } from "../../support/pyarrow.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "parquet-"));
});
afterAll(() => rm(folder, { recursive: true }));

const options = (compression: ExportOptions["compression"]): ExportOptions => ({
  scope: { dataTypes: ["workflow_runs"], tenantIds: ["t"] },
  filters: { statuses: [] },
  query: "",
  folder,
  format: "parquet",
  compression,
});

function entryOf(file: string) {
  return {
    file,
    dataType: "workflow_runs" as const,
    month: "2025-01",
    index: "i",
    bytes: 0,
    documents: 0,
    done: false,
  };
}

const source = (document: object): Buffer => Buffer.from(JSON.stringify(document));

test.each([
  ["gzip", "GZIP"],
  ["zstd", "ZSTD"],
  ["none", "UNCOMPRESSED"],
] as const)("Arrow reads every value, also those of odd kinds: %s", async (compression, codec) => {
  const entry = entryOf(`odd-${compression}.parquet`);
  const file = await openLogsFile(entry, options(compression));
  const usual = {
    id: "a",
    status: "succeeded",
    inputs: '{"ж": "😀\\u0000"}',
    elapsed_time: 0.1,
    total_steps: 3,
    created_at: "2025-01-01T08:00:00.123456+08:00",
    archive: { search_text: "x" },
  };
  const odd = {
    id: 7,
    elapsed_time: "NaN",
    total_steps: 2147483648,
    created_at: "infinity",
    finished_at: "0001-01-01T00:00:00.000001Z",
    new_column: { a: 1 },
  };
  const large = Buffer.from('{"id":"c","total_tokens":9223372036854775807,"status":""}');
  await file.append([source(usual), source(odd), large]);
  await file.end();
  await file.close();
  const [read] = await readParquet(path.join(folder, entry.file));
  expect(read.codec).toBe(codec);
  expect(read.types).toMatchObject({ created_at: "timestamp[us, tz=UTC]", total_tokens: "int64", inputs: "string" });
  const [first, second, third] = read.rows;
  const { archive, ...columns } = usual;
  expect(archive).toBeDefined();
  expect(first).toMatchObject({
    ...columns,
    created_at: "2025-01-01T00:00:00.123456+00:00",
    outputs: null,
    more: null,
  });
  expect(second).toMatchObject({ id: null, total_steps: null, created_at: null });
  expect(second!["finished_at"]).toBe("0001-01-01T00:00:00.000001+00:00");
  expect(JSON.parse(second!["more"] as string)).toEqual({
    id: 7,
    total_steps: 2147483648,
    created_at: "infinity",
    new_column: { a: 1 },
  });
  expect(second!["elapsed_time"]).toBe("nan");
  expect(third).toMatchObject({ id: "c", status: "", more: null, total_tokens: "9223372036854775807" });
});

test("it goes on behind the last row group that was confirmed, whatever came behind it", async () => {
  const entry = entryOf("resumed.parquet");
  const asked = options("gzip");
  const sources = (from: number): Buffer[] => Array.from({ length: 50 }, (_, at) => source({ id: `row ${from + at}` }));
  const first = await openLogsFile(entry, asked);
  entry.bytes = await first.append(sources(0));
  entry.bytes = await first.append(sources(50));
  await first.append(sources(1000)); // never confirmed
  await first.close();
  await writeFile(path.join(folder, `${entry.file}.groups`), '{"end":', { flag: "a" }); // died while it noted another
  const second = await openLogsFile(entry, asked);
  entry.bytes = await second.append(sources(100));
  await second.close();
  const third = await openLogsFile(entry, asked);
  entry.bytes = await third.end();
  await third.close();
  await tidy(entry, asked);
  const [{ rowGroups, rows }] = await readParquet(path.join(folder, entry.file));
  expect(rowGroups).toBe(3);
  expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 150 }, (_, at) => `row ${at}`));
  expect((await readdir(folder)).filter((name) => name.startsWith("resumed"))).toEqual(["resumed.parquet"]);
});

test("without its notes an unfinished file is refused, and nothing is changed", async () => {
  const entry = entryOf("lost.parquet");
  const first = await openLogsFile(entry, options("none"));
  entry.bytes = await first.append([source({ id: "a" })]);
  await first.close();
  await rm(path.join(folder, "lost.parquet.groups"));
  await expect(openLogsFile(entry, options("none"))).rejects.toThrow("does not say");
});

test("one without a row is whole", async () => {
  const entry = entryOf("empty.parquet");
  const file = await openLogsFile(entry, options("zstd"));
  await file.end();
  await file.close();
  expect((await readParquet(path.join(folder, entry.file)))[0].rows).toEqual([]);
});
