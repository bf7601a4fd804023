import { spreadBackOff } from "../../engine/back-off.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { AwsClient } from "aws4fetch";
import { AppError } from "../../engine/errors.ts";
import type { BlobStorage } from "./blob-storage.ts";
import { bucketUrl, keyPath, type S3Location } from "./s3-address.ts";

export interface S3Settings extends S3Location {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Attempts after the first; waits of 0.3, 0.6 and 1.2 s lie between. */
const retries = 3;
const pauses = { first: 300, longest: 60_000 };
/** A server that takes longer for a file of some MB does not answer any more. */
const timeoutMillis = 60_000;

/** A bucket of Amazon S3 or of any server that speaks its protocol, with signatures of version 4. */
export class S3Bucket implements BlobStorage {
  private readonly url: string;
  private readonly client: AwsClient;

  constructor(settings: S3Settings) {
    this.url = bucketUrl(settings);
    this.client = new AwsClient({
      accessKeyId: settings.accessKey,
      secretAccessKey: settings.secretKey,
      region: settings.region,
      service: "s3",
    });
  }

  async load(key: string, maxBytes: number): Promise<Buffer | undefined> {
    const path = keyPath(key);
    if (path === undefined) return undefined;
    return this.request("GET", path, async (response) => {
      if (response.status === 200) return firstBytes(response, maxBytes);
      const problem = await errorCode(response);
      if (response.status === 404 && problem !== "NoSuchBucket") return undefined;
      throw this.refused(response.status, problem);
    });
  }

  async store(key: string, content: Buffer): Promise<void> {
    const path = keyPath(key);
    if (path === undefined) throw this.refused(400, `for the key ${JSON.stringify(key)}, which no address can name`);
    await this.request("PUT", path, (response) => this.requireOneOf([200], response), content);
  }

  async delete(key: string): Promise<void> {
    const path = keyPath(key);
    if (path === undefined) return;
    await this.request("DELETE", path, (response) => this.requireOneOf([200, 204, 404], response));
  }

  check(): Promise<void> {
    return this.request("HEAD", "", async (response) => {
      if (response.status !== 200) throw this.refused(response.status, "");
    });
  }

  private async requireOneOf(statuses: readonly number[], response: Response): Promise<void> {
    const problem = await errorCode(response);
    if (!statuses.includes(response.status) || problem === "NoSuchBucket") throw this.refused(response.status, problem);
  }

  /** Answers of a server that may be well again soon are asked for again; `read` gets any other. */
  private async request<T>(
    method: string,
    path: string,
    read: (response: Response) => Promise<T>,
    body?: Buffer,
  ): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      let reason: unknown;
      try {
        const signed = await this.client.sign(`${this.url}${path}`, {
          method,
          ...(body && { body: body as Buffer<ArrayBuffer> }),
        });
        const response = await fetch(signed, { redirect: "manual", signal: AbortSignal.timeout(timeoutMillis) });
        if (response.status < 500 && response.status !== 429) return await read(response);
        await response.body?.cancel();
        reason = new Error(`it answers ${response.status}`);
      } catch (error) {
        if (error instanceof AppError) throw error;
        reason = error;
      }
      if (attempt === retries) throw this.unreachable(reason);
      await sleep(spreadBackOff(attempt + 1, pauses));
    }
  }

  private unreachable(cause: unknown): AppError {
    const error = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const reason = error instanceof Error ? error.message || error.name : String(error);
    return new AppError(
      "storage_unreachable",
      `The bucket of offloaded contents ${this.url} does not answer: ${reason}`,
      {
        cause,
        hint: "Look at S3_ENDPOINT, S3_REGION and the network, then run the same command again.",
      },
    );
  }

  private refused(status: number, code: string): AppError {
    return new AppError(
      "storage_refuses",
      `The bucket of offloaded contents ${this.url} answers ${status} ${code}`.trim() + ".",
      {
        hint:
          status === 403
            ? "Look at S3_ACCESS_KEY and S3_SECRET_KEY; the key needs s3:GetObject, s3:ListBucket so that missing files are told from forbidden ones, s3:DeleteObject for --delete-offloaded-files, and s3:PutObject for restore."
            : "Look at S3_BUCKET_NAME, S3_REGION and S3_ADDRESS_STYLE, then run the same command again.",
      },
    );
  }
}

/** Reads no further than it must: the rest of a larger answer is not fetched. */
async function firstBytes(response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= maxBytes) break; // which ends the answer
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}

/** The code in an answer such as <Error><Code>NoSuchKey</Code>...; empty when there is none. */
async function errorCode(response: Response): Promise<string> {
  const text = (await firstBytes(response, 10_000)).toString("utf8");
  return /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? "";
}
