import { readFile, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { collection } from "../../../src/layra/mongodb/documents.ts";
import { loadManifest, type Manifest } from "../../../src/layra/backup/manifest.ts";
import { folderPlace } from "../../../src/layra/backup/place.ts";
import { contentsOf } from "../../support/layra-contents.ts";
import { fillHostile } from "../../support/layra-hostile.ts";
import { runStores, type TestStores, testStores } from "../../support/layra.ts";

const full = process.env["TEST_FULL"] !== undefined;
const size = full
  ? { documents: 100_000, keys: 100_000, objects: 3000, rows: 20_000 }
  : { documents: 2500, keys: 2000, objects: 120, rows: 1500 };

let source: TestStores;
let target: TestStores;
let to: string;
let id: string;
let manifest: Manifest;
beforeAll(async () => {
  [source, target] = await Promise.all([testStores({ ownMilvus: true }), testStores({ ownMilvus: true })]);
  await fillHostile(source.stores, size);
  to = join(source.folder, "backups");
}, 600_000);
afterAll(async () => {
  await Promise.all([source?.close(), target?.close()]);
});

const slow = { timeout: full ? 3_600_000 : 300_000 };

test(
  "L30 to L34: hostile data of five stores goes into a backup with counts and hashes, and back into empty stores unchanged",
  slow,
  async () => {
    const dry = await runStores(source.env, "backup", "--to", to, "--dry-run");
    expect([dry.code, dry.json["error"]]).toEqual([0, undefined]);
    expect(await readdir(source.folder)).not.toContain("backups");
    const { code, json } = await runStores(source.env, "backup", "--to", to);
    expect([json["error"], json["dangling"]]).toEqual([undefined, { total: 0, first: [] }]);
    expect(code).toBe(0);
    id = json["id"] as string;
    manifest = await loadManifest(folderPlace(to), id);
    expect(manifest.stores).toEqual(["mysql", "mongodb", "redis", "milvus", "minio"]);
    const records = Object.fromEntries(manifest.sections.map((one) => [`${one.store} ${one.name}`, one.records]));
    expect(records).toMatchObject({
      "mongodb many": size.documents,
      "mongodb empty ü": 0,
      "mysql empty ü": 0,
      "mysql words": size.rows,
      "minio objects": size.objects + 9 + 3,
    });
    for (const part of manifest.sections.flatMap(({ parts }) => parts))
      expect(part).toMatchObject({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    expect(await runStores(source.env, "backup", "verify", "--from", to)).toMatchObject({
      code: 0,
      json: { status: "ok", id },
    });

    const would = await runStores(target.env, "restore", "--from", to, "--dry-run");
    expect(would.json).toMatchObject({ status: "dry_run" });
    const restored = await runStores(target.env, "restore", "--from", to);
    expect([restored.json["error"], restored.json["refused"]]).toEqual([undefined, { total: 0, first: [] }]);
    const notSame = (restored.json["sections"] as { state: string }[]).filter(
      ({ state }) => state !== "restored" && state !== "same",
    );
    expect(notSame).toEqual([]);
    expect(restored.code).toBe(0);
    const [is, wanted] = [await contentsOf(target.stores), await contentsOf(source.stores)];
    for (const store of Object.keys(wanted)) expect({ [store]: is[store] }).toEqual({ [store]: wanted[store] });
  },
);

test(
  "L34: the same backup once more changes nothing; other contents are refused untouched, and written over when told",
  slow,
  async () => {
    const again = await runStores(target.env, "restore", "--from", to);
    expect([again.json["error"], again.code]).toEqual([undefined, 0]);
    expect(
      new Set((again.json["sections"] as { state: string; written: number }[]).filter(({ written }) => written > 0)),
    ).toEqual(new Set());

    const db = await target.stores.mongodb();
    await db.collection("many").updateOne({ number: 7 }, { $set: { text: "changed" } });
    await (await target.stores.redis(1)).set("key:5", "changed");
    await target.stores.objects().put("zipped", Buffer.from("changed"));
    const before = await contentsOf(target.stores);
    const refused = await runStores(target.env, "restore", "--from", to);
    expect(refused).toMatchObject({ code: 1, json: { error: { code: "stores_not_empty" } } });
    expect(JSON.stringify(refused.json)).toMatch(/mongodb many/);
    expect(await contentsOf(target.stores)).toEqual(before);
    expect((await runStores(target.env, "restore", "--from", to, "--overwrite")).code).toBe(2); // nobody to ask
    const over = await runStores(target.env, "restore", "--from", to, "--overwrite", "--yes");
    expect([over.json["error"], over.code]).toEqual([undefined, 0]);
    expect(await contentsOf(target.stores)).toEqual(await contentsOf(source.stores));

    await (await target.stores.redis(1)).set("only here", "x");
    const extra = await runStores(target.env, "restore", "--from", to, "--overwrite", "--yes", "--only", "redis");
    expect(extra.code).toBe(3);
    expect(
      (extra.json["sections"] as { name: string; comparison: object }[]).find(({ name }) => name === "db1"),
    ).toMatchObject({ state: "different", comparison: { extra: 1, missing: 0, different: 0 } });
    await (await target.stores.redis(1)).del("only here");
  },
);

test(
  "a flipped byte, a missing file and a truncated file are found by verify and by restore, in parts and in the manifest",
  slow,
  async () => {
    const parts = manifest.sections.flatMap((section) => section.parts.map(({ file }) => file));
    const files = [
      parts[0]!,
      parts.at(-1)!,
      parts[Math.floor(parts.length / 2)]!,
      "manifest.json",
      "manifest.json.sha256",
    ];
    const harms: Record<string, (file: string, content: Buffer) => Promise<void>> = {
      flipped: async (file, content) => {
        const other = Buffer.from(content);
        other[Math.floor(content.length / 2)]! ^= 1;
        await writeFile(file, other);
      },
      missing: (file) => rm(file),
      truncated: (file, content) => truncate(file, content.length - 1),
    };
    const away = { ...target.env, MONGODB_URL: "mongodb://127.0.0.1:9", REDIS_URL: "redis://127.0.0.1:9" };
    for (const name of files)
      for (const [what, harm] of Object.entries(harms)) {
        const file = join(to, id, name);
        const content = await readFile(file);
        await harm(file, content);
        const verified = await runStores(source.env, "backup", "verify", "--from", to, "--id", id);
        expect([what, name, verified.code === 0, JSON.stringify(verified.json)]).toEqual([
          what,
          name,
          false,
          expect.stringMatching(/damaged/),
        ]);
        // it would fail otherwise, too, if it asked the stores first
        const restored = await runStores(away, "restore", "--from", to, "--id", id);
        expect([what, name, restored.json["error"]]).toMatchObject([what, name, { code: "backup_damaged" }]);
        await writeFile(file, content);
      }
    expect((await runStores(source.env, "backup", "verify", "--from", to)).code).toBe(0);
  },
);

test("names of files that were deleted meanwhile are listed, and the exit code is 3", slow, async () => {
  const db = await source.stores.mongodb();
  const now = new Date();
  await collection(db, "files").insertOne({
    file_id: "lost",
    filename: "lost",
    username: "ann",
    minio_filename: "lost.pdf",
    minio_url: "",
    knowledge_db_id: "k",
    images: [{ images_id: "i", minio_filename: "lost.png", minio_url: "", page_number: 1 }],
    created_at: now,
    last_modify_at: now,
    is_delete: false,
  });
  await collection(db, "knowledge_bases").insertOne({
    knowledge_base_id: "kb-lost",
    knowledge_base_name: "",
    username: "ann",
    files: [{ file_id: "lost", filename: "", minio_filename: "", minio_url: "", created_at: now }],
    used_chat: [],
    created_at: now,
    last_modify_at: now,
    is_delete: false,
  });
  const other = join(source.folder, "dangling");
  const { code, json } = await runStores(source.env, "backup", "--to", other, "--only", "mongodb,minio,milvus");
  expect(code).toBe(3);
  expect(json["dangling"]).toMatchObject({
    total: 3,
    first: expect.arrayContaining([
      { store: "minio", missing: "lost.pdf", namedBy: "files lost" },
      { store: "minio", missing: "lost.png", namedBy: "files lost" },
      { store: "milvus", missing: "colqwenkb_lost", namedBy: "knowledge_bases kb-lost" },
    ]) as unknown,
  });
  expect((await runStores(source.env, "backup", "verify", "--from", other)).json).toMatchObject({
    status: "ok",
    dangling: { total: 3 },
  });
  expect((await runStores(source.env, "restore", "--from", other, "--only", "redis")).json["error"]).toMatchObject({
    code: "not_in_backup",
  });
});

test("L33: a backup into another bucket is read from there; the bucket itself is refused", slow, async () => {
  const bucket = `${source.env["MINIO_BUCKET_NAME"]!}-backups`;
  const { S3Objects } = await import("../../../src/stores/blobs/s3-objects.ts");
  const words = { name: "b", unreachable: "", denied: "", refused: "" };
  const place = new S3Objects({ ...source.stores.options.minio, bucket, addressStyle: "path" }, words);
  await place.ensureBucket();
  const address = `s3://${bucket}/nightly`;
  expect(
    (await runStores(source.env, "backup", "--to", address, "--only", "redis,mysql")).json["error"],
  ).toBeUndefined();
  expect((await runStores(source.env, "backup", "verify", "--from", address)).json).toMatchObject({ status: "ok" });
  const same = await runStores(source.env, "backup", "--to", `s3://${source.env["MINIO_BUCKET_NAME"]!}/x`);
  expect(same).toMatchObject({ code: 2, json: { error: { code: "same_bucket" } } });
});
