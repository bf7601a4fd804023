import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BlobStorage } from "../../../src/stores/blobs/blob-storage.ts";
import { LocalFolder } from "../../../src/stores/blobs/local-folder.ts";
import { S3Bucket } from "../../../src/stores/blobs/s3.ts";
import { archivedDocuments } from "../../support/archived-documents.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { type S3Server, startS3 } from "../../support/s3-server.ts";
import { countRows, createTestArchive, migrateOnce, type TestArchive, writes } from "../../support/test-archive.ts";

const full = process.env["TEST_FULL"] === "1";

interface ContentEntry {
  offload_id: string;
  type: string;
  content?: string;
  content_error?: string;
}

let blobFolder: string;
let stores: TestArchive;
beforeAll(async () => {
  blobFolder = await mkdtemp(join(tmpdir(), "blobs-"));
  stores = await createTestArchive({ nodeExecutions: 150, tenants: 1, months: 1, hostile: true, blobFolder });
  for (const table of ["workflow_runs", "workflow_app_logs", "workflow_node_executions"])
    await stores.sql.query(`DELETE FROM ${table} WHERE to_char(created_at, 'YYYY-MM') <> '2025-09'`);
});
afterAll(async () => {
  await stores?.drop();
  await rm(blobFolder, { recursive: true, force: true });
});

/** What each offload row must have become, read from PostgreSQL and the folder without a line of the program. */
async function expectedContents(): Promise<Map<string, ContentEntry>> {
  const { rows } = await stores.sql.query<{
    id: string;
    type: string;
    key: string | null;
    size: number;
    hash: string | null;
    foreign: boolean;
  }>(
    `SELECT o.id::text AS id, o.type, f.key, f.size, f.hash, f.tenant_id <> n.tenant_id AS foreign
       FROM workflow_node_execution_offload o JOIN workflow_node_executions n ON n.id = o.node_execution_id
       LEFT JOIN upload_files f ON f.id = o.file_id`,
  );
  const expected = new Map<string, ContentEntry>();
  for (const { id, type, key, size, hash, foreign } of rows) {
    const bytes = key === null ? undefined : await readFile(join(blobFolder, key)).catch(() => undefined);
    const error =
      key === null
        ? "no_file_row"
        : foreign
          ? "file_of_other_tenant"
          : bytes === undefined
            ? "file_missing"
            : bytes.length !== size
              ? "size_differs"
              : hash !== null && createHash("sha3-256").update(bytes).digest("hex") !== hash
                ? "hash_differs"
                : Buffer.from(bytes.toString("utf8")).equals(bytes)
                  ? undefined
                  : "not_text";
    const entry = { offload_id: id, type };
    expected.set(id, error ? { ...entry, content_error: error } : { ...entry, content: bytes!.toString("utf8") });
  }
  return expected;
}

async function archivedContents(): Promise<Map<string, ContentEntry>> {
  const found = new Map<string, ContentEntry>();
  for await (const page of archivedDocuments(stores.elasticsearchUrl, stores.prefix))
    for (const { source } of page) {
      const { offloads = [], offload_contents: contents = [] } = source["archive"] as {
        offloads?: { id: string }[];
        offload_contents?: ContentEntry[];
      };
      if (contents.length > 0) expect(contents.map((entry) => entry.offload_id)).toEqual(offloads.map(({ id }) => id));
      for (const entry of contents) found.set(entry.offload_id, entry);
    }
  return found;
}

async function search(words: string): Promise<string[]> {
  await fetch(`${stores.elasticsearchUrl}/${stores.prefix}-*/_refresh`, { method: "POST" });
  const answer = await fetch(`${stores.elasticsearchUrl}/${stores.prefix}-*/_search?_source=false&size=100`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: { match_phrase: { "archive.search_text": words } } }),
  });
  const { hits } = (await answer.json()) as { hits: { hits: { _id: string }[] } };
  return hits.hits.map(({ _id }) => _id);
}

async function unresolvedInState(): Promise<Map<string, string>> {
  const { rows } = await stores.sql.query<{ id: string; reason: string; there: boolean }>(
    `SELECT u.offload_id AS id, u.reason, EXISTS (SELECT FROM workflow_node_execution_offload o
        WHERE o.id::text = u.offload_id AND o.node_execution_id::text = u.record_id AND o.tenant_id::text = u.tenant_id) AS there
       FROM log_archive.unresolved_contents u WHERE u.month = '2025-09'`,
  );
  expect(rows.every(({ there }) => there)).toBe(true);
  return new Map(rows.map(({ id, reason }) => [id, reason]));
}

async function expectInlined(report: Awaited<ReturnType<typeof migrateOnce>>): Promise<void> {
  const expected = await expectedContents();
  expect(await archivedContents()).toEqual(expected);
  const entries = [...expected.values()];
  const errors = entries.filter((entry) => entry.content_error !== undefined);
  expect(new Set(errors.map((entry) => entry.content_error))).toEqual(
    new Set(["no_file_row", "file_of_other_tenant", "file_missing", "size_differs", "hash_differs", "not_text"]),
  );
  expect(await unresolvedInState()).toEqual(new Map(errors.map((entry) => [entry.offload_id, entry.content_error])));
  expect(report.contents).toEqual({
    loaded: entries.length - errors.length,
    bytes: entries.reduce((sum, { content }) => sum + Buffer.byteLength(content ?? ""), 0),
    unresolved: Object.fromEntries(
      [...Map.groupBy(errors, (entry) => entry.content_error!)].map(([reason, some]) => [reason, some.length]),
    ),
  });
  expect(report.warnings.join()).toContain("log_archive.unresolved_contents");
  expect(report.totals).toMatchObject({ failed: 0 });
  expect((await compareStores(stores)).differences).toEqual([]);
}

async function addBlob(nodeId: string, content: Buffer): Promise<string> {
  const key = `upload_files/test/${nodeId}-${content.length}.json`;
  await mkdir(dirname(join(blobFolder, key)), { recursive: true });
  await writeFile(join(blobFolder, key), content);
  await stores.sql.query(
    `WITH file AS (INSERT INTO upload_files SELECT gen_random_uuid(), n.tenant_id, 'opendal', $2, 'f', $3, 'json', 'application/json',
        'account', n.created_by, now(), false, NULL, NULL, NULL, '' FROM workflow_node_executions n WHERE n.id = $1 RETURNING id, tenant_id)
     INSERT INTO workflow_node_execution_offload (id, created_at, tenant_id, app_id, node_execution_id, type, file_id)
       SELECT gen_random_uuid(), now(), tenant_id, gen_random_uuid(), $1, 'outputs', id FROM file
     ON CONFLICT (node_execution_id, type) DO UPDATE SET file_id = excluded.file_id`,
    [nodeId, key, content.length],
  );
  return key;
}

async function someNode(like: string): Promise<string> {
  const { rows } = await stores.sql.query<{ id: string }>(
    `SELECT id::text AS id FROM workflow_node_executions WHERE ${like} ORDER BY created_at, id LIMIT 1`,
  );
  return rows[0]!.id;
}

describe("contents in a local folder", () => {
  const blobs = (): BlobStorage => new LocalFolder(blobFolder);

  test("are in the documents exactly, bad and missing ones with their reason", async () => {
    const id = await someNode("status = 'succeeded'");
    await addBlob(id, Buffer.from('{"text": "quixotic \\u5168\\u90e8 zephyr"}'));

    const report = await migrateOnce(stores, { offload: "inline", blobs: blobs() });

    await expectInlined(report);
    expect(report.status).toBe("completed");
    expect(await search("quixotic 全部 zephyr")).toEqual([id]);
    expect(await writes(stores)).toBe(await countRows(stores.sql));
  });

  test("a second migrate writes nothing, with them and without", async () => {
    const before = await writes(stores);
    const { totals } = await migrateOnce(stores, { offload: "inline", blobs: blobs() });
    expect(totals.migrated).toBe(0);
    await migrateOnce(stores);
    expect(await writes(stores)).toBe(before);
  });

  test("in requests of a few bytes and of all rows they are the same", async () => {
    for (const limits of [{ batchBytes: 100 }, { batchRows: 10_000, batchBytes: 50_000_000 }])
      await expectInlined(await migrateOnce(stores, { offload: "inline", blobs: blobs(), restart: true, ...limits }));
  });

  test("a content that is there the next time is unresolved no more", async () => {
    const id = await someNode(
      `EXISTS (SELECT FROM log_archive.unresolved_contents u WHERE u.record_id = workflow_node_executions.id::text AND u.reason = 'file_missing')`,
    );
    const before = await unresolvedInState();
    await addBlob(id, Buffer.from('"found again"'));
    await migrateOnce(stores, { offload: "inline", blobs: blobs(), restart: true });
    expect((await unresolvedInState()).size).toBe(before.size - 1);
    expect(await search("found again")).toEqual([id]);
  });

  test("a row that changes later is written with them again", async () => {
    const id = await someNode("status = 'running'");
    await addBlob(id, Buffer.from('"the end of a long run"'));
    await migrateOnce(stores, { offload: "inline", blobs: blobs(), restart: true });
    await stores.sql.query("UPDATE workflow_node_executions SET status = 'succeeded' WHERE id = $1", [id]);
    const report = await migrateOnce(stores, { offload: "inline", blobs: blobs() });
    expect(report.totals.migrated).toBe(1);
    expect(await search("the end of a long run")).toEqual([id]);
    expect((await compareStores(stores)).differences).toEqual([]);
  });

  test("a storage that does not answer ends the run before anything is written", async () => {
    const before = await writes(stores);
    const gone = new LocalFolder(join(blobFolder, "not-there"));
    await expect(migrateOnce(stores, { offload: "inline", blobs: gone, restart: true })).rejects.toMatchObject({
      code: "preflight_failed",
    });
    await expect(migrateOnce(stores, { offload: "inline", restart: true })).rejects.toMatchObject({
      code: "storage_not_configured",
    });
    expect(await writes(stores)).toBe(before);
  });

  test("a storage that breaks meanwhile fails the run, and the next one goes on", async () => {
    let loads = 0;
    const breaking: BlobStorage = Object.assign(blobs(), {
      load: async (key: string, maxBytes: number) => {
        if (++loads > 5) await new LocalFolder(join(blobFolder, "not-there")).check();
        return blobs().load(key, maxBytes);
      },
    });
    const call = { offload: "inline", restart: true, batchRows: 20, concurrency: 1 } as const;
    await expect(migrateOnce(stores, { ...call, blobs: breaking })).rejects.toMatchObject({
      code: "storage_unreachable",
    });
    await migrateOnce(stores, { offload: "inline", blobs: blobs() });
    expect(await archivedContents()).toEqual(await expectedContents());
  });

  test.runIf(full)("many large ones need memory for a few only", async () => {
    const { rows } = await stores.sql.query<{ id: string }>(
      "SELECT id::text AS id FROM workflow_node_executions WHERE status = 'succeeded' ORDER BY created_at, id LIMIT 30",
    );
    const before = await expectedContents();
    for (const [at, { id }] of rows.entries())
      await addBlob(id, Buffer.from(`"${`large number ${at}, `.repeat(1_000_000).slice(0, 15_000_000)}"`));
    let peak = 0;
    const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
    const start = process.memoryUsage().rss;
    await migrateOnce(stores, { offload: "inline", blobs: blobs(), restart: true });
    clearInterval(timer);
    expect(peak - start).toBeLessThan(400 * 1024 * 1024); // the contents have 450 MB
    const { rows: unresolved } = await stores.sql.query("SELECT offload_id FROM log_archive.unresolved_contents");
    expect(unresolved.length).toBeLessThan(before.size);
  });
});

describe("contents in a bucket", () => {
  let s3: S3Server;
  beforeAll(async () => {
    s3 = await startS3();
    for (const entry of await readdir(blobFolder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      await s3.put(relative(blobFolder, path), await readFile(path));
    }
  });
  afterAll(() => s3?.stop());

  test("are in the documents exactly, bad and missing ones with their reason", async () => {
    await stores.sql.query("DELETE FROM log_archive.unresolved_contents");
    const blobs = new S3Bucket(s3.settings);
    await migrateOnce(stores, { offload: "inline", blobs, restart: true });
    expect(await archivedContents()).toEqual(await expectedContents());
    const errors = [...(await expectedContents()).values()].filter((entry) => entry.content_error !== undefined);
    expect((await unresolvedInState()).size).toBe(errors.length);
  });
});

test("without the option documents refer to their contents, and the rows are the same", async () => {
  await migrateOnce(stores, { restart: true });
  expect((await archivedContents()).size).toBe(0);
  expect((await compareStores(stores)).differences).toEqual([]);
});
