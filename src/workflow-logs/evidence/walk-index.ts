import type { Client } from "@elastic/elasticsearch";
import { countDocuments, refreshIndex } from "../../stores/elasticsearch/indices/indices.ts";
import { ArchivedDocuments } from "../restore/documents/archived-batches.ts";
import { type IndexDigest, IndexDigester } from "./index-digest.ts";

export interface WalkedIndex {
  readonly digest: IndexDigest;
  /** Documents that this program did not write: their field `id` is not their id. None of them is in the digest. */
  readonly strangers: readonly string[];
}

export interface Walk {
  /** Ends of segments that are known; without them there are `segments` of about the same size. */
  readonly at?: readonly string[];
  readonly segments: number;
  readonly unpaused: (signal: AbortSignal) => Promise<void>;
  /** Sees the documents of each batch with their fingerprints. */
  readonly onBatch?: (fingerprints: ReadonlyMap<string, Buffer>, bytes: number) => Promise<void>;
}

const batchLimits = { rows: 1000, bytes: 5 * 1024 * 1024 };
const fewest = 100;

/**
 * Reads every document of an index in the order of ids. What is written meanwhile may be in it or not. Throws
 * AbortError when stopped.
 */
export async function walkIndex(client: Client, index: string, walk: Walk, signal: AbortSignal): Promise<WalkedIndex> {
  await refreshIndex(client, index);
  const every = Math.max(fewest, Math.ceil((await countDocuments(client, index)) / walk.segments));
  const digester = new IndexDigester(walk.at === undefined ? { every } : { at: walk.at });
  const strangers: string[] = [];
  const documents = new ArchivedDocuments(
    client,
    { index, range: undefined, after: undefined },
    batchLimits,
    undefined,
    walk.unpaused,
  );
  for await (const { sources, bytes } of documents.batches(signal)) {
    const fingerprints = new Map<string, Buffer>();
    for (const [id, source] of sources) {
      const fingerprint = hasItsId(id, source) ? digester.add(id, source) : undefined;
      if (fingerprint === undefined) strangers.push(id);
      else fingerprints.set(id, fingerprint);
    }
    await walk.onBatch?.(fingerprints, bytes);
  }
  signal.throwIfAborted();
  return { digest: digester.end(), strangers };
}

/** Listed by its field `id`, a document with another one would come out of order, or twice. */
function hasItsId(id: string, source: Buffer): boolean {
  const start = Buffer.from(`{"id":${JSON.stringify(id)},`);
  if (source.subarray(0, start.length).equals(start)) return true; // nearly all; Elasticsearch takes no member twice
  try {
    return (JSON.parse(source.toString("utf8")) as { id?: unknown }).id === id;
  } catch {
    return false;
  }
}
