import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { S3Bucket } from "../../../../src/stores/blobs/s3.ts";
import type { S3Settings } from "../../../../src/stores/blobs/s3-requests.ts";
import { bucketUrl, keyPath, type S3Location } from "../../../../src/stores/blobs/s3-address.ts";
import { type S3Server, startS3 } from "../../../support/s3-server.ts";

describe("a server that checks signatures", () => {
  let server: S3Server;
  beforeAll(async () => void (server = await startS3()));
  afterAll(() => server.stop());

  test.each(["upload_files/t/plain.json", "upload_files/空 白/a+b%2F'\"!*().json", "~_-.=&?#;:@,"])(
    "the blob %j is loaded as it was put",
    async (key) => {
      const content = Buffer.from(`content of ${key}`);
      await server.put(key, content);
      expect(await new S3Bucket(server.settings).load(key, 1000)).toEqual(content);
    },
  );

  test.each(["upload_files/t/new.json", "upload_files/空 白/a+b%2F'\"!*().json"])(
    "the blob %j is there whole when it was stored and gone when it was deleted",
    async (key) => {
      const bucket = new S3Bucket(server.settings);
      const content = Buffer.alloc(200_000, `content of ${key}`);
      await bucket.store(key, content);
      expect(await bucket.load(key, 1_000_000)).toEqual(content);
      await bucket.delete(key);
      await bucket.delete(key);
      expect(await bucket.load(key, 10)).toBeUndefined();
    },
  );

  test("no blob is deleted or stored under a key that leads elsewhere", async () => {
    await server.put("kept", Buffer.from("kept"));
    const bucket = new S3Bucket(server.settings);
    await bucket.delete("a/../kept");
    await expect(bucket.store("a/../kept", Buffer.from("changed"))).rejects.toMatchObject({ code: "storage_refuses" });
    expect(await bucket.load("kept", 10)).toEqual(Buffer.from("kept"));
  });

  test("an empty blob is a blob", async () => {
    await server.put("empty", Buffer.alloc(0));
    expect(await new S3Bucket(server.settings).load("empty", 10)).toEqual(Buffer.alloc(0));
  });

  test("no more than the bytes asked for are loaded", async () => {
    await server.put("long", Buffer.alloc(3_000_000, "x"));
    expect(await new S3Bucket(server.settings).load("long", 1_000_001)).toEqual(Buffer.alloc(1_000_001, "x"));
  });

  test.each(["missing", "a/../long", "..", "../difyai/long", "./long", ""])("the key %j names no blob", async (key) => {
    expect(await new S3Bucket(server.settings).load(key, 10)).toBeUndefined();
  });

  test("a bucket that is there passes the check", async () => {
    await new S3Bucket(server.settings).check();
  });

  test.each<[string, Partial<S3Settings>]>([
    ["a wrong secret", { secretKey: "another" }],
    ["a wrong bucket", { bucket: "nothere" }],
  ])("%s is an error and no missing blob", async (_, wrong) => {
    const bucket = new S3Bucket({ ...server.settings, ...wrong });
    await expect(bucket.load("long", 10)).rejects.toMatchObject({ code: "storage_refuses" });
    await expect(bucket.check()).rejects.toMatchObject({ code: "storage_refuses" });
    await expect(bucket.delete("long")).rejects.toMatchObject({ code: "storage_refuses" });
    await expect(bucket.store("new", Buffer.from("new"))).rejects.toMatchObject({ code: "storage_refuses" });
  });
});

describe("a server with troubles", () => {
  let http: Server | undefined;
  afterEach(() => void http?.close());

  async function bucketOf(listener: RequestListener): Promise<S3Bucket> {
    http = createServer(listener).listen(0, "127.0.0.1");
    await new Promise((done) => http!.once("listening", done));
    const endpoint = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    return new S3Bucket({ endpoint, region: "r", bucket: "b", accessKey: "a", secretKey: "s", addressStyle: "auto" });
  }

  test("is asked again when it is busy or breaks off", async () => {
    let requests = 0;
    const bucket = await bucketOf((request, response) => {
      requests++;
      if (requests === 1) response.writeHead(503).end();
      else if (requests === 2) request.socket.destroy();
      else if (requests === 3) {
        response.writeHead(200, { "content-length": "5" }).write("he");
        setTimeout(() => request.socket.destroy(), 20);
      } else response.end("hello");
    });
    expect(await bucket.load("key", 100)).toEqual(Buffer.from("hello"));
    expect(requests).toBe(4);
  });

  test("that stays away is an error with a hint", async () => {
    const bucket = await bucketOf((_, response) => void response.writeHead(500).end());
    await expect(bucket.load("key", 100)).rejects.toMatchObject({
      code: "storage_unreachable",
      message: expect.stringContaining("answers 500"),
      hint: expect.any(String),
    });
  });

  test("is not followed to another place", async () => {
    const bucket = await bucketOf((_, response) => void response.writeHead(301, { location: "/elsewhere" }).end());
    await expect(bucket.load("key", 100)).rejects.toMatchObject({ code: "storage_refuses" });
  });
});

const base: S3Location = { region: "eu-west-1", bucket: "logs", addressStyle: "auto" };
test.each<[Partial<S3Location>, string]>([
  [{}, "https://logs.s3.eu-west-1.amazonaws.com"],
  [{ addressStyle: "path" }, "https://s3.eu-west-1.amazonaws.com/logs"],
  [{ bucket: "my.logs" }, "https://s3.eu-west-1.amazonaws.com/my.logs"],
  [{ bucket: "my.logs", addressStyle: "virtual" }, "https://my.logs.s3.eu-west-1.amazonaws.com"],
  [{ endpoint: "http://minio:9000" }, "http://minio:9000/logs"],
  [{ endpoint: "http://minio:9000/" }, "http://minio:9000/logs"],
  [{ endpoint: "https://gate/s3/", addressStyle: "path" }, "https://gate/s3/logs"],
  [{ endpoint: "https://gate:8443", addressStyle: "virtual" }, "https://logs.gate:8443"],
])("a bucket with %j is at %s", (location, url) => {
  expect(bucketUrl({ ...base, ...location })).toBe(url);
});

test("a key is the path behind the bucket, encoded in the one way that signatures know", () => {
  expect(keyPath("a//b/空 白+%2F~!'()*")).toBe("/a//b/%E7%A9%BA%20%E7%99%BD%2B%252F~%21%27%28%29%2A");
  expect(keyPath("/leading")).toBe("//leading");
});

test("a key that is no Unicode names no blob", () => {
  expect(keyPath("a\ud800")).toBeUndefined();
});
