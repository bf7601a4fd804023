import { createHash } from "node:crypto";
import { AppError, UsageError } from "../../engine/errors.ts";
import { keyPath } from "./s3-address.ts";
import { errorCode, firstBytes, S3Requests, type S3Settings, type S3Wording } from "./s3-requests.ts";

/**
 * Headers that are part of an object: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html. Its own
 * metadata are `x-amz-meta-*`.
 */
const kept =
  /^(content-type|content-encoding|content-language|content-disposition|cache-control|expires|x-amz-meta-.+)$/;

export type ObjectHeaders = Readonly<Record<string, string>>;

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
}

/** Of `ListedObject.key`s, 1000 at most, in the order of their bytes in UTF-8. */
export interface ObjectPage {
  readonly objects: readonly ListedObject[];
  /** Where the next page begins; undefined at the end. */
  readonly next: string | undefined;
}

export interface StoredObject {
  readonly size: number;
  readonly etag: string;
  readonly headers: ObjectHeaders;
}

/** Signatures of version 4 are refused beyond 7 days. */
export const longestPresign = 7 * 24 * 3600;
/** Keys that one request deletes at most. */
const mostDeleted = 1000;
const mostXml = 16 * 1024 * 1024;

/** All objects of one bucket: their contents, ranges and headers, lists, uploads in parts, and signed addresses. */
export class S3Objects {
  private readonly requests: S3Requests;
  private readonly settings: S3Settings;
  private readonly wording: S3Wording;

  constructor(settings: S3Settings, wording: S3Wording) {
    if (settings.accessKey === "" || settings.secretKey === "")
      throw new UsageError("missing_variables", `${wording.name} has no access key and secret key.`, {
        hint: wording.denied,
      });
    this.settings = settings;
    this.wording = wording;
    this.requests = new S3Requests(settings, wording);
  }

  get url(): string {
    return this.requests.url;
  }

  /** Makes the bucket when it is missing; harmless when repeated. True when it was made here. */
  async ensureBucket(): Promise<boolean> {
    if (await this.hasBucket()) return false;
    return this.requests.send({ method: "PUT", path: "" }, async (response) => {
      const problem = await errorCode(response);
      if (response.status === 200) return true;
      if (problem === "BucketAlreadyOwnedByYou") return false;
      throw this.requests.refused(response.status, problem);
    });
  }

  hasBucket(signal?: AbortSignal): Promise<boolean> {
    return this.requests.send({ method: "HEAD", path: "", signal }, async (response) => {
      if (response.status === 200 || response.status === 404) return response.status === 200;
      throw this.requests.refused(response.status, "");
    });
  }

  /** Undefined where there is no such object. Throws where there is no bucket. */
  async head(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    const path = keyPath(key);
    if (path === undefined) return undefined;
    const found = await this.requests.send({ method: "HEAD", path, signal }, async (response) => {
      if (response.status === 200) return objectOf(response);
      if (response.status === 404) return undefined;
      throw this.requests.refused(response.status, "");
    });
    if (found === undefined && !(await this.hasBucket(signal))) throw this.requests.refused(404, "NoSuchBucket");
    return found;
  }

  /**
   * The object with its content, or a piece of it from `start`, `length` bytes long; undefined where there is none.
   * With `etag` only that version of it, and undefined when it is another one by now.
   */
  async get(
    key: string,
    { start, length, etag }: { start?: number; length?: number; etag?: string } = {},
    signal?: AbortSignal,
  ): Promise<(StoredObject & { readonly content: Buffer }) | undefined> {
    const path = requirePath(key, this.requests);
    const range = start === undefined || length === 0 ? {} : { range: `bytes=${start}-${start + length! - 1}` };
    const headers = { ...range, ...(etag === undefined ? {} : { "if-match": `"${etag}"` }) };
    return this.requests.send({ method: "GET", path, headers, raw: true, signal }, async (response) => {
      if (response.status === 200 || response.status === 206)
        return { ...objectOf(response), content: Buffer.from(await response.arrayBuffer()) };
      const problem = await errorCode(response);
      const isGone = response.status === 404 || response.status === 412 || response.status === 416;
      if (isGone && problem !== "NoSuchBucket") return undefined;
      throw this.requests.refused(response.status, problem);
    });
  }

  async put(key: string, body: Uint8Array, headers: ObjectHeaders = {}, signal?: AbortSignal): Promise<void> {
    const path = requirePath(key, this.requests);
    await this.requests.send({ method: "PUT", path, headers, body, signal }, (response) =>
      this.requests.require([200], response),
    );
  }

  /** `after` is the `next` of the page before, or a key behind which the list is to begin. */
  async list(prefix: string, after?: { next: string } | { key: string }, signal?: AbortSignal): Promise<ObjectPage> {
    const query = {
      "list-type": "2",
      "encoding-type": "url",
      prefix,
      ...(after === undefined
        ? {}
        : "next" in after
          ? { "continuation-token": after.next }
          : { "start-after": after.key }),
    };
    const xml = await this.xml({ method: "GET", path: "", query, signal });
    return {
      objects: blocks(xml, "Contents").map((block) => ({
        key: decoded(text(block, "Key")),
        size: Number(text(block, "Size")),
        etag: plain(text(block, "ETag")).replaceAll('"', ""),
      })),
      next: text(xml, "IsTruncated") === "true" ? plain(text(xml, "NextContinuationToken")) : undefined,
    };
  }

  /** Every object whose key begins with `prefix`, behind the key `after`, page by page. */
  async *all(prefix: string, after?: string, signal?: AbortSignal): AsyncGenerator<ListedObject> {
    for (let at: Parameters<S3Objects["list"]>[1] = after === undefined ? undefined : { key: after }; ;) {
      signal?.throwIfAborted();
      const { objects, next } = await this.list(prefix, at, signal);
      yield* objects;
      if (next === undefined) return;
      at = { next };
    }
  }

  /**
   * Afterwards none of these is there. Each key is named once, 1000 in a request. Returns those that the server did not
   * delete, with its reason.
   */
  async deleteMany(keys: readonly string[]): Promise<{ readonly key: string; readonly reason: string }[]> {
    const once = [...new Set(keys)];
    const failed: { key: string; reason: string }[] = [];
    for (let at = 0; at < once.length; at += mostDeleted) {
      const objects = once.slice(at, at + mostDeleted).map((key) => `<Object><Key>${escaped(key)}</Key></Object>`);
      const body = Buffer.from(`<Delete><Quiet>true</Quiet>${objects.join("")}</Delete>`);
      const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
      const xml = await this.xml({ method: "POST", path: "", query: { delete: "" }, headers, body });
      for (const block of blocks(xml, "Error"))
        failed.push({ key: plain(text(block, "Key")), reason: plain(text(block, "Code")) });
    }
    return failed;
  }

  /** Begins an upload in parts, or goes on with one that was begun before. */
  async openUpload(key: string, headers: ObjectHeaders): Promise<string> {
    return (await this.openUploadOf(key)) ?? this.beginUpload(key, headers);
  }

  async putPart(key: string, uploadId: string, number: number, body: Uint8Array, signal?: AbortSignal): Promise<void> {
    const path = requirePath(key, this.requests);
    const query = { partNumber: String(number), uploadId };
    await this.requests.send({ method: "PUT", path, query, body, signal }, (response) =>
      this.requests.require([200], response),
    );
  }

  /**
   * The object is there afterwards, of parts 1 to `count`. @throws AppError upload_incomplete when the server has not
   * all of them
   */
  async completeUpload(key: string, uploadId: string, count: number): Promise<void> {
    const path = requirePath(key, this.requests);
    const parts = new Map<number, string>();
    for (let marker = "0"; ;) {
      const query = { uploadId, "part-number-marker": marker };
      const xml = await this.xml({ method: "GET", path, query });
      for (const block of blocks(xml, "Part")) parts.set(Number(text(block, "PartNumber")), text(block, "ETag"));
      if (text(xml, "IsTruncated") !== "true") break;
      marker = text(xml, "NextPartNumberMarker");
    }
    const numbers = Array.from({ length: count }, (_, at) => at + 1);
    if (!numbers.every((number) => parts.has(number)))
      throw new AppError("upload_incomplete", `The server has not all parts of ${JSON.stringify(key)}.`, {
        hint: "Somebody ended its upload. Run the same command again with --restart.",
      });
    const named = numbers.map(
      (number) => `<Part><PartNumber>${number}</PartNumber><ETag>${parts.get(number)!}</ETag></Part>`,
    );
    const body = Buffer.from(`<CompleteMultipartUpload>${named.join("")}</CompleteMultipartUpload>`);
    await this.xml({ method: "POST", path, query: { uploadId }, body }); // an answer of 200 may hold an error
  }

  /**
   * An address under which anybody can read the object for so many seconds, at most 7 days. `publicUrl` is where the
   * bucket's server is seen from.
   */
  async presign(key: string, expiresSeconds: number, publicUrl?: string): Promise<string> {
    if (!Number.isInteger(expiresSeconds) || expiresSeconds < 1 || expiresSeconds > longestPresign)
      throw new UsageError(
        "invalid_expiry",
        `A signed address can be valid for 1 to ${longestPresign} seconds (7 days).`,
        { hint: "Ask for a shorter time, and sign anew when it is over." },
      );
    const seen =
      publicUrl === undefined ? this.requests : new S3Requests({ ...this.settings, endpoint: publicUrl }, this.wording);
    return seen.presign(requirePath(key, this.requests), expiresSeconds);
  }

  private async openUploadOf(key: string): Promise<string | undefined> {
    const xml = await this.xml({ method: "GET", path: "", query: { uploads: "", prefix: key } });
    const own = blocks(xml, "Upload").filter((block) => plain(text(block, "Key")) === key);
    return own.map((block) => plain(text(block, "UploadId"))).at(-1);
  }

  async beginUpload(key: string, headers: ObjectHeaders): Promise<string> {
    const path = requirePath(key, this.requests);
    return plain(text(await this.xml({ method: "POST", path, query: { uploads: "" }, headers }), "UploadId"));
  }

  private xml(request: Parameters<S3Requests["send"]>[0]): Promise<string> {
    return this.requests.send(request, async (response) => {
      const answer = (await firstBytes(response, mostXml)).toString("utf8");
      const problem = /^<\?xml[^>]*>\s*<Error>|^<Error>/.test(answer) ? text(answer, "Code") : "";
      if (response.status === 200 && problem === "") return answer;
      throw this.requests.refused(response.status, problem);
    });
  }
}

function requirePath(key: string, requests: S3Requests): string {
  const path = keyPath(key);
  if (path === undefined) throw requests.refused(400, `for the key ${JSON.stringify(key)}, which no address can name`);
  return path;
}

function objectOf({ headers }: Response): StoredObject {
  const whole = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  return {
    size: Number(whole ?? headers.get("content-length")),
    etag: (headers.get("etag") ?? "").replaceAll('"', ""),
    headers: Object.fromEntries(
      [...headers].filter(([name]) => kept.test(name)).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ),
  };
}

// The answers are flat and made by servers: elements without attributes, never one of a name within another of the same
// name.

function blocks(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, "gs"))].map(([, inner]) => inner!);
}

/** As it stands between the marks; empty where there is none. */
function text(xml: string, name: string): string {
  return new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(xml)?.[1] ?? "";
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function plain(escapedText: string): string {
  return escapedText.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex as string, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return entities[name as string] ?? whole;
  });
}

/** Keys are asked for URL encoded, because XML has no way to write some characters. */
function decoded(key: string): string {
  return decodeURIComponent(plain(key).replaceAll("+", "%20"));
}

function escaped(key: string): string {
  return key.replace(/[&<>"'\p{Cc}]/gu, (sign) => `&#${sign.charCodeAt(0)};`);
}
