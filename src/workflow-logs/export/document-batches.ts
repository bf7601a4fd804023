import type { Client } from "@elastic/elasticsearch";
import type { Pacing } from "../../engine/pacing.ts";
import type { Batch, Source } from "../../engine/ports.ts";
import { eachSource } from "../../stores/elasticsearch/documents/each-source.ts";
import {
  type DocumentQuery,
  orderedDocuments,
  type OrderedDocument,
  type Position,
} from "../repositories/records/ordered-documents.ts";

export interface DocumentBatch extends Batch {
  /** The bytes that were sent when the documents were written. */
  readonly sources: readonly Buffer[];
  /** The last document, also when it was deleted before it was read. */
  readonly end: Position;
}

/** A batch ends with the first document that reaches one of them. */
export interface BatchSize {
  readonly records: number;
  readonly bytes: number;
}

const listedAtOnce = 1000;
const readAtOnce = 100;

/** The documents of one index behind `after`, in the order (created_at, id). */
export function documentBatches(
  client: Client,
  query: DocumentQuery,
  after: Position | undefined,
  pacing: Pick<Pacing, "unpaused">,
  size: BatchSize,
): Source<DocumentBatch> {
  return {
    async *batches(signal) {
      const [index = ""] = query.indices;
      const order = { direction: "asc", after, pageSize: listedAtOnce, source: false } as const;
      const batch = new GrowingBatch();
      for await (const page of orderedDocuments(client, query, order)) {
        for (let at = 0; at < page.length; at += readAtOnce) {
          await pacing.unpaused(signal);
          if (signal.aborted) return;
          const documents = page.slice(at, at + readAtOnce);
          const sources = await sourcesOf(client, index, documents);
          for (const document of documents) {
            batch.add(document, sources.get(document.id));
            if (batch.records >= size.records || batch.bytes >= size.bytes) yield batch.taken();
          }
        }
      }
      if (batch.isBegun) yield batch.taken();
    },
  };
}

async function sourcesOf(
  client: Client,
  index: string,
  documents: readonly OrderedDocument[],
): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const ids = documents.map(({ id }) => id);
  await eachSource(client, index, ids, (id, source) => void found.set(id, source));
  return found;
}

class GrowingBatch {
  bytes = 0;
  private sources: Buffer[] = [];
  private end: Position | undefined;

  get records(): number {
    return this.sources.length;
  }

  get isBegun(): boolean {
    return this.end !== undefined;
  }

  /** Without a source where the document was deleted since it was listed. */
  add({ id, createdAt }: OrderedDocument, source: Buffer | undefined): void {
    this.end = { createdAt, id };
    if (source !== undefined) this.sources.push(source);
    this.bytes += source?.length ?? 0;
  }

  /** What was added, once; it begins anew. */
  taken(): DocumentBatch {
    const { bytes, sources, end } = this;
    [this.bytes, this.sources, this.end] = [0, [], undefined];
    return { records: sources.length, bytes, sources, end: end! };
  }
}
