import { createHash, type Hash } from "node:crypto";
import { fingerprintOf } from "../compare/stable-document.ts";

/** Consecutive ids of an index: those behind the segment before, up to `lastId`, in the order of their UTF-8 bytes. */
export interface Segment {
  readonly lastId: string;
  readonly documents: number;
  /** SHA-256 over each id and the fingerprint of its document, in hexadecimal. */
  readonly hash: string;
}

/** What is known of all documents of an index, few bytes that only these documents give. */
export interface IndexDigest {
  readonly documents: number;
  readonly firstId: string | null;
  readonly lastId: string | null;
  readonly segments: readonly Segment[];
  /** SHA-256 over all segments, in hexadecimal. */
  readonly root: string;
}

/**
 * Where segments end: after so many documents, or at ids that are known, with one more segment for what lies behind the
 * last.
 */
type Ends = { readonly every: number } | { readonly at: readonly string[] };

/**
 * Makes the digest of documents that are added in the order of their ids. Two digests with the same ends have the same
 * root only if ids and fingerprints are the same; else the segments that differ tell where.
 */
export class IndexDigester {
  private readonly ends: Ends;
  private readonly segments: Segment[] = [];
  private hash: Hash = createHash("sha256");
  private inSegment = 0;
  private documents = 0;
  private firstId: string | null = null;
  private lastId: string | null = null;

  constructor(ends: Ends) {
    this.ends = ends;
  }

  /**
   * Returns the fingerprint; undefined, and the document is left out, when its id does not lie behind the one before.
   */
  add(id: string, source: Buffer): Buffer | undefined {
    if (this.lastId !== null && compareIds(id, this.lastId) <= 0) return undefined;
    this.endSegmentsBefore(id);
    const fingerprint = fingerprintOf(source);
    const bytes = Buffer.from(id);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    this.hash.update(length).update(bytes).update(fingerprint);
    this.inSegment++;
    this.documents++;
    this.firstId ??= id;
    this.lastId = id;
    return fingerprint;
  }

  end(): IndexDigest {
    if ("at" in this.ends) while (this.segments.length < this.ends.at.length) this.endSegment(this.nextEnd()!);
    if (this.inSegment > 0) this.endSegment(this.lastId!);
    const { documents, firstId, lastId, segments } = this;
    return { documents, firstId, lastId, segments, root: rootOf(segments) };
  }

  private endSegmentsBefore(id: string): void {
    if ("every" in this.ends) {
      if (this.inSegment >= this.ends.every) this.endSegment(this.lastId!);
      return;
    }
    for (let end = this.nextEnd(); end !== undefined && compareIds(id, end) > 0; end = this.nextEnd())
      this.endSegment(end);
  }

  private nextEnd(): string | undefined {
    return "at" in this.ends ? this.ends.at[this.segments.length] : undefined;
  }

  private endSegment(lastId: string): void {
    this.segments.push({ lastId, documents: this.inSegment, hash: this.hash.digest("hex") });
    this.hash = createHash("sha256");
    this.inSegment = 0;
  }
}

export function rootOf(segments: readonly Segment[]): string {
  const hash = createHash("sha256");
  for (const { lastId, documents, hash: ofSegment } of segments)
    hash.update(`${JSON.stringify([lastId, documents, ofSegment])}\n`);
  return hash.digest("hex");
}

export function compareIds(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
