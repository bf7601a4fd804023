import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, expect, test } from "vitest";
import { startMinio } from "../../dev/servers/start-minio.ts";
import { connectStores, type Stores } from "../../src/layra/stores.ts";
import { runApp } from "../support/app-process.ts";

// L30 to L34 for an object that no heap could hold: 5 GB of zeros, marked so that parts in a wrong order are noticed.

const partBytes = 64 * 1024 * 1024;
const parts = 80;
const key = "large/5 GB.bin";
const headers = { "content-type": "application/x-sparse" };
/** A fiftieth of the object. */
const heap = "--max-old-space-size=96";
const nobody = { databaseUrl: "", elasticsearchUrl: "http://127.0.0.1:9", prefix: "none" };

function partOf(number: number): Buffer {
  const part = Buffer.alloc(partBytes);
  part.write(`part ${number}`, (number * 1_000_003) % (partBytes - 100));
  return part;
}

async function digestOf(stores: Stores): Promise<string> {
  const digest = createHash("sha256");
  for (let at = 0; at < parts; at++)
    digest.update((await stores.objects().get(key, { start: at * partBytes, length: partBytes }))!.content);
  return digest.digest("hex");
}

test(
  "L30 to L34: an object of 5 GB goes into a backup and back with a heap of 96 MB",
  { timeout: 3_600_000 },
  async () => {
    const minio = await startMinio();
    const folder = await mkdtemp(join(tmpdir(), "large-object-"));
    onTestFinished(async () => {
      await minio.stop();
      await rm(folder, { recursive: true, force: true });
    });
    const url = new URL(minio.url);
    const connect = (bucket: string): Stores =>
      connectStores({
        mongodb: { uri: "mongodb://127.0.0.1:9", database: "none", maxPoolSize: 1, minPoolSize: 0 },
        milvus: { endpoint: "http://127.0.0.1:9", dimension: 8 },
        redis: { uri: "redis://127.0.0.1:9" },
        minio: {
          endpoint: url.origin,
          bucket,
          region: "us-east-1",
          accessKey: url.username,
          secretKey: url.password,
        },
        mysql: undefined,
        timeoutMillis: 60_000,
      });
    const [source, target] = [connect("source"), connect("target")];
    await source.objects().ensureBucket();
    const upload = await source.objects().openUpload(key, headers);
    const wanted = createHash("sha256");
    for (let at = 0; at < parts; at++) {
      const part = partOf(at);
      wanted.update(part);
      await source.objects().putPart(key, upload, at + 1, part);
    }
    await source.objects().completeUpload(key, upload, parts);
    await source.objects().put("small", Buffer.from("beside it"));

    const to = join(folder, "backups");
    const app = async (bucket: string, ...args: string[]): Promise<Record<string, unknown>> => {
      const end = await runApp(nobody, ["stores", ...args, "--json"], {
        NODE_OPTIONS: heap,
        STATE_FILE: join(folder, "state.db"),
        MINIO_URL: url.origin,
        MINIO_BUCKET_NAME: bucket,
        MINIO_ACCESS_KEY: url.username,
        MINIO_SECRET_KEY: url.password,
        MONGODB_URL: "mongodb://127.0.0.1:9",
        REDIS_URL: "redis://127.0.0.1:9",
        MILVUS_URI: "http://127.0.0.1:9",
      });
      expect(end, end.stderr).toMatchObject({ code: 0 });
      return JSON.parse(end.stdout) as Record<string, unknown>;
    };
    await app("source", "backup", "--only", "minio", "--to", to);
    expect(await app("source", "backup", "verify", "--from", to)).toMatchObject({ status: "ok" });
    await app("target", "restore", "--only", "minio", "--from", to);

    const restored: [string, number][] = [];
    for await (const { key: name, size } of target.objects().all("")) restored.push([name, size]);
    expect(restored).toEqual([
      [key, parts * partBytes],
      ["small", 9],
    ]);
    expect(await digestOf(target)).toBe(wanted.digest("hex"));
    expect((await target.objects().get(key, { start: 0, length: 1 }))!.headers).toMatchObject(headers);
    await Promise.all([source.close(), target.close()]);
  },
);
