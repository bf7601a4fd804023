import type { BlobStorage } from "./blob-storage.ts";
import { keyPath } from "./s3-address.ts";
import { errorCode, firstBytes, S3Requests, type S3Settings, type S3Wording } from "./s3-requests.ts";

const wording: S3Wording = {
  name: "The bucket of offloaded contents",
  unreachable: "Look at S3_ENDPOINT, S3_REGION and the network, then run the same command again.",
  denied:
    "Look at S3_ACCESS_KEY and S3_SECRET_KEY; the key needs s3:GetObject, s3:ListBucket so that missing files are told from forbidden ones, s3:DeleteObject for --delete-offloaded-files, and s3:PutObject for restore.",
  refused: "Look at S3_BUCKET_NAME, S3_REGION and S3_ADDRESS_STYLE, then run the same command again.",
};

/** The platform's bucket, of Amazon S3 or of any server that speaks its protocol, with signatures of version 4. */
export class S3Bucket implements BlobStorage {
  private readonly requests: S3Requests;

  constructor(settings: S3Settings) {
    this.requests = new S3Requests(settings, wording);
  }

  async load(key: string, maxBytes: number): Promise<Buffer | undefined> {
    const path = keyPath(key);
    if (path === undefined) return undefined;
    return this.requests.send({ method: "GET", path }, async (response) => {
      if (response.status === 200) return firstBytes(response, maxBytes);
      const problem = await errorCode(response);
      if (response.status === 404 && problem !== "NoSuchBucket") return undefined;
      throw this.requests.refused(response.status, problem);
    });
  }

  async store(key: string, content: Buffer): Promise<void> {
    const path = keyPath(key);
    if (path === undefined)
      throw this.requests.refused(400, `for the key ${JSON.stringify(key)}, which no address can name`);
    const { requests } = this;
    await requests.send({ method: "PUT", path, body: content }, (response) => requests.require([200], response));
  }

  async delete(key: string): Promise<void> {
    const path = keyPath(key);
    if (path === undefined) return;
    const { requests } = this;
    await requests.send({ method: "DELETE", path }, (response) => requests.require([200, 204, 404], response));
  }

  check(): Promise<void> {
    return this.requests.send({ method: "HEAD", path: "" }, async (response) => {
      if (response.status !== 200) throw this.requests.refused(response.status, "");
    });
  }
}
