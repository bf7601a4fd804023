import { AppError } from "../../../engine/errors.ts";
import { sideBySide } from "../../../engine/side-by-side.ts";
import type { ListedObject, ObjectHeaders } from "../../../stores/blobs/s3-objects.ts";
import type { Stores } from "../../stores.ts";
import { partBytes, type RecordBatch, type SectionHead, type StoreAdapter } from "../adapter.ts";

interface PieceHead {
  readonly key: string;
  /** Of the whole object. */
  readonly size: number;
  readonly offset: number;
  /** Number of this piece, from 0, and of all. */
  readonly piece: number;
  readonly pieces: number;
  readonly headers: ObjectHeaders;
}

interface Wanted {
  readonly object: ListedObject;
  readonly piece: number;
}

/** S3 has 10,000 parts of an upload at most. */
const mostPieces = 9000;
const atOnce = 8;
const mostObjects = 256;

/**
 * The bucket. Records are objects with their headers; larger ones are pieces of 8 MB or more, so that no object has to
 * fit into memory.
 */
export function minioAdapter(stores: Stores): StoreAdapter {
  const objects = stores.objects();
  /** Pieces of an upload under way, which the last one waits for. */
  const uploads = new Map<string, { readonly id: Promise<string>; readonly parts: Promise<void>[] }>();

  async function* read(_: SectionHead, after: string | undefined, signal: AbortSignal): AsyncGenerator<RecordBatch> {
    let before: string | undefined;
    let group: Wanted[] = [];
    let bytes = 0;
    const batch = (some: readonly Wanted[], size: number): RecordBatch => {
      const { object, piece } = some.at(-1)!;
      const isLast = piece + 1 === piecesOf(object.size);
      return {
        records: some.length,
        bytes: size,
        cursor: JSON.stringify(
          isLast ? { done: object.key } : { within: object.key, piece: piece + 1, etag: object.etag, done: before },
        ),
        load: (stop) => loadAll(some, stop),
      };
    };
    const {
      done,
      within,
      piece: start = 0,
      etag,
    } = (after === undefined ? {} : JSON.parse(after)) as {
      done?: string;
      within?: string;
      piece?: number;
      etag?: string;
    };
    before = done;
    for await (const object of objects.all("", done, signal)) {
      const pieces = piecesOf(object.size);
      if (pieces === 1) {
        if (group.length > 0 && (bytes + object.size > partBytes || group.length >= mostObjects)) {
          yield batch(group, bytes);
          [group, bytes] = [[], 0];
        }
        group.push({ object, piece: 0 });
        bytes += object.size;
      } else {
        if (group.length > 0) yield batch(group, bytes);
        [group, bytes] = [[], 0];
        const first = object.key === within && object.etag === etag ? start : 0;
        for (let piece = first; piece < pieces; piece++) yield batch([{ object, piece }], pieceBytes(object.size));
      }
      before = object.key;
    }
    if (group.length > 0) yield batch(group, bytes);
  }

  async function loadAll(wanted: readonly Wanted[], signal: AbortSignal): Promise<Buffer[]> {
    const loaded: (Buffer | undefined)[] = wanted.map(() => undefined);
    await sideBySide([...wanted.keys()], atOnce, async (at, failed) => {
      loaded[at] = await load(wanted[at]!, AbortSignal.any([signal, failed]));
    });
    return loaded.filter((one) => one !== undefined);
  }

  /** An object of one piece as it is now, or undefined when it is gone; a piece of the version that was listed. */
  async function load(
    { object: { key, size, etag }, piece }: Wanted,
    signal: AbortSignal,
  ): Promise<Buffer | undefined> {
    const pieces = piecesOf(size);
    if (pieces === 1) {
      const found = await objects.get(key, {}, signal);
      if (found === undefined) return undefined;
      return bytesOf(
        { key, size: found.content.length, offset: 0, piece: 0, pieces: 1, headers: found.headers },
        found.content,
      );
    }
    const length = pieceBytes(size);
    const offset = piece * length;
    const found = await objects.get(key, { start: offset, length: Math.min(length, size - offset), etag }, signal);
    if (found === undefined)
      throw new AppError(
        "object_changed",
        `The object ${JSON.stringify(key)} was replaced or deleted while it was read.`,
        {
          hint: "Run the same command again with --restart.",
        },
      );
    return bytesOf({ key, size, offset, piece, pieces, headers: found.headers }, found.content);
  }

  async function put({ key, piece, pieces, headers }: PieceHead, content: Buffer): Promise<void> {
    if (pieces === 1) return objects.put(key, content, headers);
    const upload = uploads.get(key) ?? { id: objects.openUpload(key, headers), parts: [] };
    uploads.set(key, upload);
    const sent = upload.id.then((id) => objects.putPart(key, id, piece + 1, content));
    upload.parts.push(sent);
    sent.catch(() => {}); // the write that sent it fails
    await sent;
    if (piece + 1 < pieces) return;
    await Promise.all(upload.parts);
    await objects.completeUpload(key, await upload.id, pieces);
    uploads.delete(key);
  }

  return {
    store: "minio",
    identity: objects.url,
    writesAtOnce: 2,
    sections: async () => ((await objects.hasBucket()) ? [{ name: "objects", schema: {} }] : []),
    read,
    accepts: async () => true,
    async count() {
      if (!(await objects.hasBucket())) return 0;
      let pieces = 0;
      for await (const { size } of objects.all("")) pieces += piecesOf(size);
      return pieces;
    },
    prepare: async () => void (await objects.ensureBucket()),
    goesOn: async () => "yes",
    async write(_, records) {
      await sideBySide([...records.keys()], atOnce, async (at) => {
        const { head, content } = pieceOf(records[at]!);
        await put(head, content);
      });
      return { written: records.length, expired: 0, refused: [] };
    },
    finish: async () => {},
    content: (_, record) => record,
  };
}

function pieceBytes(size: number): number {
  return Math.max(partBytes, Math.ceil(size / mostPieces));
}

function piecesOf(size: number): number {
  return Math.max(1, Math.ceil(size / pieceBytes(size)));
}

function bytesOf(head: PieceHead, content: Buffer): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, content]);
}

/** The head and the content of a record of a bucket. */
export function pieceOf(record: Buffer): { readonly head: PieceHead; readonly content: Buffer } {
  const end = 4 + record.readUInt32BE();
  return { head: JSON.parse(record.toString("utf8", 4, end)) as PieceHead, content: record.subarray(end) };
}
