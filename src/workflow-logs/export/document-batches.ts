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

const listedAtOnce = 1000;
/** So many are read at once; of large ones a batch has fewer. */
const readAtOnce = 100;
const bytesPerBatch = 4 * 1024 * 1024;

/** The documents of one index behind `after`, in the order (created_at, id). */
export function documentBatches(
  client: Client,
  query: DocumentQuery,
  after: Position | undefined,
  pacing: Pick<Pacing, "unpaused">,
): Source<DocumentBatch> {
  return {
    async *batches(signal) {
      const [index = ""] = query.indices;
      const order = { direction: "asc", after, pageSize: listedAtOnce, source: false } as const;
      for await (const page of orderedDocuments(client, query, order)) {
        for (let at = 0; at < page.length; at += readAtOnce) {
          await pacing.unpaused(signal);
          if (signal.aborted) return;
          yield* sized(client, index, page.slice(at, at + readAtOnce));
        }
      }
    },
  };
}

/** Batches of the documents, cut where one has bytes enough. */
async function* sized(
  client: Client,
  index: string,
  documents: readonly OrderedDocument[],
): AsyncGenerator<DocumentBatch> {
  const found = new Map<string, Buffer>();
  const ids = documents.map(({ id }) => id);
  await eachSource(client, index, ids, (id, source) => void found.set(id, source));
  let sources: Buffer[] = [];
  let bytes = 0;
  for (const [at, { id, createdAt }] of documents.entries()) {
    const source = found.get(id); // none when it was deleted since it was listed
    if (source !== undefined) sources.push(source);
    bytes += source?.length ?? 0;
    if (bytes < bytesPerBatch && at < documents.length - 1) continue;
    yield { records: sources.length, bytes, sources, end: { createdAt, id } };
    [sources, bytes] = [[], 0];
  }
}
