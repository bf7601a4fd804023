import { setTimeout as sleep } from "node:timers/promises";
import { AwsClient } from "aws4fetch";
import { spreadBackOff } from "../../engine/back-off.ts";
import { AppError } from "../../engine/errors.ts";
import { rawFetch } from "./raw-fetch.ts";
import { bucketUrl, type S3Location } from "./s3-address.ts";

export interface S3Settings extends S3Location {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** What messages call the bucket, and what its reader can do: they differ by whose bucket it is. */
export interface S3Wording {
  /** As in "The bucket of backups". */
  readonly name: string;
  readonly unreachable: string;
  readonly denied: string;
  readonly refused: string;
}

export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Behind the bucket's address; made by `keyPath`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** The body of the answer is wanted as it is stored, whatever its headers say; for requests without a body. */
  readonly raw?: boolean;
  /** Ends the wait for an answer and for the next attempt. */
  readonly signal?: AbortSignal | undefined;
}

/** Attempts after the first; waits of 0.3, 0.6 and 1.2 s lie between. */
const retries = 3;
const pauses = { first: 300, longest: 60_000 };
/** A server that takes longer for a file of some MB does not answer any more. */
const timeoutMillis = 60_000;

/**
 * Signed requests to one bucket, repeated while the server is not well. Everything thrown is an AppError, or the
 * AbortError of a signal.
 */
export class S3Requests {
  readonly url: string;
  private readonly client: AwsClient;
  private readonly wording: S3Wording;

  constructor(settings: S3Settings, wording: S3Wording) {
    this.url = bucketUrl(settings);
    this.wording = wording;
    this.client = new AwsClient({
      accessKeyId: settings.accessKey,
      secretAccessKey: settings.secretKey,
      region: settings.region,
      service: "s3",
    });
  }

  /**
   * Answers of a server that may be well again soon are asked for again; `read` gets any other, and its failures count
   * as the server's.
   */
  async send<T>(request: S3Request, read: (response: Response) => Promise<T>): Promise<T> {
    const { method, path, query, headers, body, raw = false, signal } = request;
    const address = `${this.url}${path}${query === undefined ? "" : `?${queryText(query)}`}`;
    for (let attempt = 0; ; attempt++) {
      let reason: unknown;
      try {
        const signed = await this.client.sign(address, {
          method,
          ...(headers && { headers }),
          ...(body && { body: body as Uint8Array<ArrayBuffer> }),
        });
        const late = AbortSignal.timeout(timeoutMillis);
        const ended = signal === undefined ? late : AbortSignal.any([late, signal]);
        const response = await (raw ? rawFetch(signed, ended) : fetch(signed, { redirect: "manual", signal: ended }));
        if (response.status < 500 && response.status !== 429) return await read(response);
        await response.body?.cancel();
        reason = new Error(`it answers ${response.status}`);
      } catch (error) {
        if (error instanceof AppError) throw error;
        signal?.throwIfAborted();
        reason = error;
      }
      if (attempt === retries) throw this.unreachable(reason);
      await sleep(spreadBackOff(attempt + 1, pauses), undefined, { signal });
    }
  }

  /** Reads the rest of the answer and throws unless its status is one of these. */
  async require(statuses: readonly number[], response: Response): Promise<void> {
    const problem = await errorCode(response);
    if (!statuses.includes(response.status) || problem === "NoSuchBucket") throw this.refused(response.status, problem);
  }

  refused(status: number, code: string): AppError {
    const { name, denied, refused } = this.wording;
    return new AppError("storage_refuses", `${name} ${this.url} answers ${status} ${code}`.trim() + ".", {
      hint: status === 403 ? denied : refused,
    });
  }

  /** A URL with its signature, for whoever has it, for so many seconds. */
  async presign(path: string, expiresSeconds: number): Promise<string> {
    const query = queryText({ "X-Amz-Expires": String(expiresSeconds) });
    const { url } = await this.client.sign(`${this.url}${path}?${query}`, { method: "GET", aws: { signQuery: true } });
    return url;
  }

  private unreachable(cause: unknown): AppError {
    const error = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const reason = error instanceof Error ? error.message || error.name : String(error);
    return new AppError("storage_unreachable", `${this.wording.name} ${this.url} does not answer: ${reason}`, {
      cause,
      hint: this.wording.unreachable,
    });
  }
}

function queryText(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join("&");
}

/** Reads no further than it must: the rest of a larger answer is not fetched. */
export async function firstBytes(response: Response, maxBytes: number): Promise<Buffer> {
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
export async function errorCode(response: Response): Promise<string> {
  const text = (await firstBytes(response, 10_000)).toString("utf8");
  return /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? "";
}
