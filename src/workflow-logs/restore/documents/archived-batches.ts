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
  /** Bounds of created_at in UTC, undefined for all documents; those whose created_at is not indexed come all the same. */
  readonly range: TimeRange | undefined;
  readonly after: string | undefined;
}

const idsPerPage = 1000;
/**
 * A server holds a whole answer in its heap, and nothing says before how large documents are: a page of small ones may be followed by one of the largest.
 * With so few at once that costs it a moment, not its life.
 */
const mostIdsAtOnce = 32;

/** All documents of an index with created_at in a range, in the order of their ids. */
export class ArchivedDocuments implements Source<ArchivedBatch> {
  private readonly client: Client;
  private readonly from: ArchivedRange;
  private readonly limits: BatchLimits;
  private readonly beforeRequest: (signal: AbortSignal) => Promise<void>;
  private idsAtOnce = mostIdsAtOnce / 2;

  /** `beforeRequest` is awaited before each. */
  constructor(
    client: Client,
    from: ArchivedRange,
    limits: BatchLimits,
    beforeRequest: (signal: AbortSignal) => Promise<void> = async () => {},
  ) {
    this.client = client;
    this.from = from;
    this.limits = limits;
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
    const { index, range, after } = this.from;
    const listing = { after, pageSize: idsPerPage, within: range ?? {}, beforePage: this.beforeRequest };
    for await (const page of readAhead(listDocuments(this.client, index, listing, signal), 1)) {
      for (let at = 0; at < page.length && !signal.aborted;) {
        const some = page.slice(at, at + this.idsAtOnce);
        await this.beforeRequest(signal);
        const sources = await this.read(some.map(({ id }) => id));
        if (sources === undefined) continue; // fewer at once now
        for (const document of some) yield [document, sources.get(document.id)];
        at += some.length;
      }
    }
  }

  /** Undefined when the answer was too much for the server or for us; fewer are asked for the next time then. */
  private async read(ids: readonly string[]): Promise<ReadonlyMap<string, Buffer> | undefined> {
    try {
      const sources = await readBounded(this.client, this.from.index, ids);
      const bytes = [...sources.values()].reduce((sum, source) => sum + source.length, 0);
      const fitting = Math.floor((this.limits.bytes * ids.length) / Math.max(bytes, 1));
      this.idsAtOnce = Math.max(1, Math.min(fitting, 2 * this.idsAtOnce, mostIdsAtOnce));
      return sources;
    } catch (error) {
      if (!isTooMuch(error) || ids.length === 1) throw error;
      this.idsAtOnce = Math.ceil(ids.length / 4);
      return undefined;
    }
  }
}
