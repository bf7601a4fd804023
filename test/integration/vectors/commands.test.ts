import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { milvusEnvironment, runMilvus } from "../../support/milvus-cli.ts";
import { newTenant, type TestVectors, testVectors, vectorOf } from "../../support/vectors.ts";

let vectors: TestVectors;
let env: Record<string, string>;
beforeAll(async () => {
  vectors = await testVectors();
  env = milvusEnvironment(vectors.options, vectors.connections.state.path);
});
afterAll(() => vectors?.close());

test("V27: missing variables are named, all at once, and nothing is touched", async () => {
  const { code, json } = await runMilvus({ STATE_FILE: env["STATE_FILE"]! }, "check");
  expect(code).toBe(2);
  expect(JSON.stringify(json)).toMatch(
    /WEAVIATE_URL and MILVUS_CLUSTER_ENDPOINT must be given.*WEAVIATE_API_KEY and MILVUS_CLUSTER_TOKEN/,
  );
});

test("V28: setup makes the collection when it is missing, and is harmless when repeated", async () => {
  const own = { ...env, MILVUS_COLLECTION: `${env["MILVUS_COLLECTION"]}_2` };
  expect((await runMilvus(own, "setup")).json).toMatchObject({ created: true, dimension: 8 });
  expect((await runMilvus(own, "setup")).json).toMatchObject({ created: false });
});

test("V29: check passes on what setup has made", async () => {
  const { code, json } = await runMilvus(env, "check");
  expect(json).toMatchObject({ status: "ok" });
  const names = (json["findings"] as { name: string }[]).map(({ name }) => name);
  expect(names).toEqual(["import", "records", "operations", "weaviate", "connection", "schema", "performance"]);
  expect(code).toBe(0);
});

test("V28, V40: check says what does not fit, and what to do", async () => {
  const failed = async (more: Record<string, string>): Promise<Record<string, { message: string; hint: string }>> => {
    const { code, json } = await runMilvus({ ...env, ...more }, "check");
    expect(code).toBe(3);
    const findings = json["findings"] as { name: string; state: string; message: string; hint: string }[];
    return Object.fromEntries(findings.filter(({ state }) => state === "failed").map((one) => [one.name, one]));
  };
  expect((await failed({ MILVUS_DIMENSION: "16" }))["schema"]).toMatchObject({
    message: expect.stringContaining("dimension is 8, and must be 16") as string,
    hint: expect.stringContaining("MILVUS_DIMENSION") as string,
  });
  expect((await failed({ MILVUS_COLLECTION: "nothing" }))["schema"]!.hint).toContain("app milvus setup");
  const away = await failed({ MILVUS_CLUSTER_ENDPOINT: "http://127.0.0.1:9", MILVUS_TIMEOUT: "5" });
  expect(away["connection"]!.hint).toContain("MILVUS_CLUSTER_ENDPOINT");
  expect((await failed({ WEAVIATE_COLLECTION: "Nothing" }))["weaviate"]!.hint).toContain("WEAVIATE_COLLECTION");
});

test("V6 to V19: each operation is a sub-command, and phases, sync and verify go from Weaviate to Milvus and back", async () => {
  const tenant = newTenant();
  const of = ["--tenant-id", tenant];
  const ok = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, json, stderr } = await runMilvus(env, ...args, ...of);
    expect([args, code, json["error"] ?? stderr]).toEqual([args, 0, json["error"] ?? stderr]);
    expect(json["error"]).toBeUndefined();
    return json;
  };
  const file = join(tmpdir(), `${tenant}.json`);
  await writeFile(
    file,
    JSON.stringify([
      { uniqueid: "a", title: "first", vector: vectorOf(1) },
      { uniqueid: "b", outgoingConnections: ["a"], vector: vectorOf(0, 1) },
    ]),
  );
  await ok("phase", "set", "dual_write");
  expect(await ok("record", "upsert", "--file", file, "--type", "note", "--last-update-device", "cli")).toMatchObject({
    written: 2,
    refused: [],
  });
  expect(
    await ok(
      "record",
      "insert",
      JSON.stringify({ uniqueid: "c", lastModified: 1_700_000_000_000, vector: vectorOf(1, 1) }),
    ),
  ).toMatchObject({ uniqueid: "c" });
  await ok("record", "update-vector", "c", JSON.stringify(vectorOf(2)), "--updates", '{"title":"third"}');
  await ok("record", "update-metadata", "c", "--updates", '{"filePath":"/c"}');
  for (const store of [[], ["--store", "milvus"], ["--store", "weaviate"]]) {
    const ids = async (...args: string[]): Promise<string[]> =>
      ((await ok("query", ...args, ...store))["results"] as { uniqueid: string }[]).map(({ uniqueid }) => uniqueid);
    expect((await ids("vector", JSON.stringify(vectorOf(1)), "--similarity", "0.9")).toSorted()).toEqual(["a", "c"]);
    expect(await ids("keyword", "third")).toEqual(["c"]);
    expect(await ids("filter", '{"recordType":"note"}', "--top-k", "1000")).toHaveLength(2);
    expect(await ids("recent", "--top-k", "1")).toEqual(["c"]);
    expect(await ids("ids", "b", "none", "a")).toEqual(["b", "a"]);
    expect(await ids("id", "c")).toEqual(["c"]);
    expect(await ids("changes", "2023-11-14T00:00:00Z")).toEqual(["c"]);
  }
  expect((await runMilvus(env, "query", "id", "none", ...of)).code).toBe(1);
  expect((await runMilvus(env, "query", "filter", '{"nothing":"x"}', ...of)).code).toBe(2);
  await ok("phase", "set", "sync");
  expect(await ok("sync", "--dry-run")).toMatchObject({ status: "dry_run", totals: { source: 3 } });
  expect(await ok("sync")).toMatchObject({ status: "completed", totals: { copied: 3 } });
  expect((await runMilvus(env, "phase", "set", "full", ...of)).json["error"]).toMatchObject({ code: "phase_refused" });
  expect(await ok("verify")).toMatchObject({ result: "match" });
  await ok("phase", "set", "read_migration", "--read-percent", "50");
  await ok("phase", "set", "full");
  await ok("record", "delete", "a", "b", "--record-type", "note", "--s3-path", "s3/a");
  expect(await ok("query", "changes", "2023-11-14T00:00:00Z")).toMatchObject({
    deleted_results: [{ uniqueid: "a", s3_path: "s3/a" }, { uniqueid: "b" }],
  });
  expect(await ok("phase", "rollback")).toMatchObject({
    before: { phase: "full" },
    after: { phase: "read_migration", readPercent: 50 },
  });
  const head = {
    runId: null,
    end: "completed",
    startedAt: expect.any(String) as string,
    finishedAt: expect.any(String) as string,
    seconds: expect.any(Number) as number,
  };
  expect(await ok("apply-dirty")).toMatchObject({ ...head, command: "milvus apply-dirty", left: 0 });
  expect(await ok("errors", "retry")).toMatchObject({ ...head, command: "milvus errors retry", left: 0 });
  expect(await ok("errors", "list")).toMatchObject({ total: 0, writes: [] });
  expect((await ok("phase", "show"))["tenants"]).toEqual([expect.objectContaining({ phase: "read_migration" })]);
  expect((await runMilvus(env, "record", "delete-all", ...of)).code).toBe(2);
  await ok("record", "delete-all", "--yes");
  expect(await ok("query", "recent")).toMatchObject({ results: [] });
  expect((await runMilvus(env, "query", "recent", "--tenant-id", "a b")).code).toBe(2);
});
