import type { Client } from "@elastic/elasticsearch";
import type { Batch, Source } from "../../../engine/ports.ts";
import { readAhead } from "../../../engine/read-ahead.ts";
import { type ListedDocument, listDocuments } from "../../../stores/elasticsearch/documents/list-documents.ts";
import { isTooMuch, readBounded } from "../../../stores/elasticsearch/documents/mget-sources.ts";
import type { BatchLimits } from "../../rows/row-batches.ts";
import type { TimeRange } from "../../partitions/scope.ts";

/** Documents of consecutive ids, as the bytes they were sent as. */
export interface ArchivedBatch extends Batch {
  readonly sources: ReadonlyMap<string, Buffer>;
  /** Behind which a listing goes on; null where the last documents have no field `id`. */
  readonly lastKey: string | null;
  /** Documents that were listed and were deleted before they could be read. */
  readonly vanished: readonly string[];
}

export interface ArchivedRange {
  readonly index: string;
  /**
   * Bounds of created_at in UTC, undefined for all documents; those whose created_at is not indexed come all the same.
   */
  readonly range: TimeRange | undefined;
  readonly after: string | undefined;
}

const idsPerPage = 1000;
/**
 * A server holds a whole answer in its heap, and of some documents nothing says before how large they are: a page of
 * small ones may be followed by one of the largest. With so few at once that costs it a moment, not its life.
 */
const mostIdsAtOnce = 32;
/** Of documents whose size is known, so many bytes are asked for together; more saves nothing any more. */
const bytesAtOnce = 1024 * 1024;

/** How large documents were when they were purged, by id; those of which it is not known are left out. */
export type SizesOf = (ids: readonly string[]) => Promise<ReadonlyMap<string, number>>;

/** All documents of an index with created_at in a range, in the order of their ids. */
export class ArchivedDocuments implements Source<ArchivedBatch> {
  private readonly client: Client;
  private readonly from: ArchivedRange;
  private readonly limits: BatchLimits;
  private readonly sizesOf: SizesOf;
  private readonly beforeRequest: (signal: AbortSignal) => Promise<void>;
  /** Of unknown size. */
  private idsAtOnce = mostIdsAtOnce / 2;
  /** Of any size: fewer for a while where an answer was too much. */
  private mostTogether = idsPerPage;

  /** `beforeRequest` is awaited before each. */
  constructor(
    client: Client,
    from: ArchivedRange,
    limits: BatchLimits,
    sizesOf: SizesOf = async () => new Map(),
    beforeRequest: (signal: AbortSignal) => Promise<void> = async () => {},
  ) {
    this.client = client;
    this.from = from;
    this.limits = limits;
    this.sizesOf = sizesOf;
    this.beforeRequest = beforeRequest;
  }

  async *batches(signal: AbortSignal): AsyncGenerator<ArchivedBatch> {
    let sources = new Map<string, Buffer>();
    let bytes = 0;
    let lastKey: string | null = null;
    let vanished: string[] = [];
    for await (const [{ id, key }, source] of this.documents(signal)) {
      if (source === undefined) {
        vanished.push(id);
        lastKey = key;
        continue;
      }
      const isFull = sources.size >= this.limits.rows || bytes + source.length > this.limits.bytes;
      if (isFull && sources.size > 0) {
        yield { sources, records: sources.size, bytes, lastKey, vanished };
        sources = new Map();
        vanished = [];
        bytes = 0;
      }
      sources.set(id, source);
      bytes += source.length;
      lastKey = key;
    }
    if (sources.size + vanished.length > 0 && !signal.aborted)
      yield { sources, records: sources.size, bytes, lastKey, vanished };
  }

  /** Each listed document with its source; without one when it is gone. */
  private async *documents(signal: AbortSignal): AsyncGenerator<readonly [ListedDocument, Buffer | undefined]> {
    for await (const { page, sizes } of readAhead(this.pages(signal), 1)) {
      for (let at = 0; at < page.length && !signal.aborted;) {
        const some = this.together(page, at, sizes);
        await this.beforeRequest(signal);
        const sources = await this.read(some, sizes);
        if (sources === undefined) continue; // fewer at once now
        for (const document of some) yield [document, sources.get(document.id)];
        at += some.length;
      }
    }
  }

  private async *pages(
    signal: AbortSignal,
  ): AsyncGenerator<{ page: ListedDocument[]; sizes: ReadonlyMap<string, number> }> {
    const { index, range, after } = this.from;
    const listing = { after, pageSize: idsPerPage, within: range ?? {}, beforePage: this.beforeRequest };
    for await (const page of listDocuments(this.client, index, listing, signal))
      yield { page, sizes: await this.sizesOf(page.map(({ id }) => id)) };
  }

  /** The documents from a place of the page on that are asked for in one request: at least one. */
  private together(page: readonly ListedDocument[], from: number, sizes: ReadonlyMap<string, number>) {
    const most = Math.min(page.length, from + this.mostTogether);
    const ofUnknown = bytesAtOnce / this.idsAtOnce;
    let bytes = 0;
    let to = from;
    for (; to < most; to++) {
      bytes += sizes.get(page[to]!.id) ?? ofUnknown;
      if (to > from && bytes > bytesAtOnce) break;
    }
    return page.slice(from, to);
  }

  /** Undefined when the answer was too much for the server or for us; fewer are asked for the next time then. */
  private async read(
    documents: readonly ListedDocument[],
    sizes: ReadonlyMap<string, number>,
  ): Promise<ReadonlyMap<string, Buffer> | undefined> {
    const ids = documents.map(({ id }) => id);
    try {
      const sources = await readBounded(this.client, this.from.index, ids);
      this.mostTogether = Math.min(2 * this.mostTogether, idsPerPage);
      const unknown = ids.filter((id) => !sizes.has(id));
      const bytes = unknown.reduce((sum, id) => sum + (sources.get(id)?.length ?? 0), 0);
      const fitting = Math.floor((this.limits.bytes * unknown.length) / Math.max(bytes, 1));
      if (unknown.length > 0) this.idsAtOnce = Math.max(1, Math.min(fitting, 2 * this.idsAtOnce, mostIdsAtOnce));
      return sources;
    } catch (error) {
      if (!isTooMuch(error) || ids.length === 1) throw error;
      this.mostTogether = Math.ceil(ids.length / 4);
      this.idsAtOnce = Math.min(this.idsAtOnce, this.mostTogether);
      return undefined;
    }
  }
}
