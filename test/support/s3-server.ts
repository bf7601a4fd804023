import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "@20minutes/s3rver";
import { AwsClient } from "aws4fetch";
import type { S3Settings } from "../../src/stores/blobs/s3-requests.ts";
import { keyPath } from "../../src/stores/blobs/s3-address.ts";

export interface S3Server {
  settings: S3Settings;
  put(key: string, content: Uint8Array): Promise<void>;
  stop(): Promise<void>;
}

/** A server of the S3 protocol that checks signatures, with one empty bucket. Its keys are fixed. */
export async function startS3(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), "s3-"));
  const bucket = "difyai";
  const server = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: bucket }],
  });
  const { port } = await server.run();
  const endpoint = `http://127.0.0.1:${port}`;
  const settings: S3Settings = {
    endpoint,
    region: "us-east-1",
    bucket,
    accessKey: "S3RVER",
    secretKey: "S3RVER",
    addressStyle: "auto",
  };
  const client = new AwsClient({
    accessKeyId: "S3RVER",
    secretAccessKey: "S3RVER",
    service: "s3",
    region: "us-east-1",
  });
  return {
    settings,
    async put(key, content) {
      const url = `${endpoint}/${bucket}${keyPath(key)}`;
      const answer = await client.fetch(url, { method: "PUT", body: Buffer.from(content) });
      if (!answer.ok) throw new Error(`PUT ${url}: ${answer.status} ${await answer.text()}`);
    },
    async stop() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
