import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { readSources } from "./mget-sources.ts";

/** No more of one answer is kept in memory, unless it is a single document. */
const longestAnswer = 64 * 1024 * 1024;
const tooMuch = new Set(["answer_too_large", "elasticsearch_overloaded"]);

/**
 * Visits the `_source` of each id that has a document, as the bytes that were sent. Ids are chosen by how large the
 * documents are believed to be: where they are larger they are read in parts, so memory stays bounded whatever somebody
 * wrote into the index.
 */
export async function eachSource(
  client: Client,
  index: string,
  ids: readonly string[],
  visit: (id: string, source: Buffer) => void,
): Promise<void> {
  let sources: ReadonlyMap<string, Buffer>;
  try {
    sources = await readSources(client, index, ids, ids.length > 1 ? longestAnswer : Number.POSITIVE_INFINITY);
  } catch (error) {
    if (ids.length <= 1 || !(error instanceof AppError && tooMuch.has(error.code))) throw error;
    const half = Math.ceil(ids.length / 2);
    await eachSource(client, index, ids.slice(0, half), visit);
    return eachSource(client, index, ids.slice(half), visit);
  }
  for (const [id, source] of sources) visit(id, source);
}
