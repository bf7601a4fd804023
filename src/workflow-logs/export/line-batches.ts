import { createReadStream } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { AppError } from "../../engine/errors.ts";
import type { Batch, Source } from "../../engine/ports.ts";
import { parseExactJson } from "../../stores/elasticsearch/documents/exact-json.ts";
import { toInstant } from "../repositories/records/instants.ts";
import { unzstd } from "./zstd-frames.ts";

export interface ImportedDocument {
  readonly line: number;
  readonly id: string;
  /** Of its created_at, in UTC. */
  readonly month: string;
  /** The line, without its end. */
  readonly source: Buffer;
}

export interface RefusedLine {
  readonly line: number;
  readonly id: string | null;
  readonly reason: string;
}

export interface LineBatch extends Batch {
  readonly documents: readonly ImportedDocument[];
  readonly refused: readonly RefusedLine[];
}

const linesPerBatch = 500;
const bytesPerBatch = 4 * 1024 * 1024;
/** Elasticsearch takes no longer request. */
const longestLine = 100 * 1024 * 1024;

/** The lines of a file of NDJSON, compressed when its name ends in `.gz` or `.zst`; empty ones are passed over. */
export function lineBatches(file: string, tenantId: string): Source<LineBatch> {
  return {
    async *batches(signal) {
      let documents: ImportedDocument[] = [];
      let refused: RefusedLine[] = [];
      let [bytes, line] = [0, 0];
      const batch = (): LineBatch => ({ records: documents.length + refused.length, bytes, documents, refused });
      for await (const source of linesOf(file)) {
        if (signal.aborted) return;
        line++;
        if (source.length === 0) continue;
        const read = documentOf(source, tenantId, line);
        if ("source" in read) documents.push(read);
        else refused.push(read);
        bytes += source.length;
        if (documents.length + refused.length < linesPerBatch && bytes < bytesPerBatch) continue;
        yield batch();
        [documents, refused, bytes] = [[], [], 0];
      }
      if (documents.length + refused.length > 0) yield batch();
    },
  };
}

function documentOf(source: Buffer, tenantId: string, line: number): ImportedDocument | RefusedLine {
  let document: unknown;
  try {
    document = parseExactJson(source);
  } catch {
    return { line, id: null, reason: "is no JSON" };
  }
  const { id, tenant_id: tenant, created_at: createdAt } = (document ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof id !== "string" || id === "") return { line, id: null, reason: "has no id" };
  if (tenant !== tenantId) return { line, id, reason: "is of another tenant" };
  const instant = typeof createdAt === "string" ? toInstant(createdAt) : undefined;
  if (instant === undefined) return { line, id, reason: "has no created_at with a month" };
  return { line, id, month: instant.slice(0, "YYYY-MM".length), source };
}

const lineFeed = 0x0a;

/** Each line without its end, as a buffer of its own. */
async function* linesOf(file: string): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of bytesOf(file)) {
    let from = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, from)) {
      yield Buffer.concat([...parts, chunk.subarray(from, end)]);
      [parts, length, from] = [[], 0, end + 1];
    }
    parts.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > longestLine)
      throw new AppError("line_too_long", `${file} has a line of more than 100 MB, which is no document.`, {
        hint: "Look whether it is a file of NDJSON. What was imported before that line stays.",
      });
  }
  if (length > 0) yield Buffer.concat(parts);
}

async function* bytesOf(file: string): AsyncGenerator<Buffer> {
  const raw = createReadStream(file);
  try {
    yield* plain(raw, file);
  } catch (cause) {
    throw new AppError("import_unreadable", `${file} cannot be read: ${(cause as Error).message}`, {
      hint: "What was imported before stays. Run the command again with a whole file.",
      cause,
    });
  } finally {
    raw.destroy();
  }
}

function plain(raw: Readable, file: string): AsyncIterable<Buffer> {
  if (file.endsWith(".zst")) return unzstd(raw as AsyncIterable<Buffer>);
  const stream: Readable = file.endsWith(".gz") ? pipeline(raw, createGunzip(), () => {}) : raw; // the reader is told
  return stream as AsyncIterable<Buffer>;
}
