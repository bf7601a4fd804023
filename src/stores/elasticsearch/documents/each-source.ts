import type { Client } from "@elastic/elasticsearch";
import { isTooMuch, readBounded } from "./mget-sources.ts";

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
    sources = await readBounded(client, index, ids);
  } catch (error) {
    if (ids.length <= 1 || !isTooMuch(error)) throw error;
    const half = Math.ceil(ids.length / 2);
    await eachSource(client, index, ids.slice(0, half), visit);
    return eachSource(client, index, ids.slice(half), visit);
  }
  for (const [id, source] of sources) visit(id, source);
}
