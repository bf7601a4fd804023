import type { Client } from "@elastic/elasticsearch";
import { described } from "../errors.ts";
import { documentId, idOf, placeOf, routingOf } from "../indices/place.ts";
import { refuseUnreadable } from "./unreadable.ts";

/**
 * Which of the ids have a document in the index, in real time. A missing index has none. Throws AppError for one that
 * cannot be looked at.
 */
export async function existingIds(client: Client, index: string, ids: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  const place = placeOf(index);
  for (let at = 0; at < ids.length; at += idsPerRequest) {
    const response = await described(
      client.mget({
        index: place.index,
        ids: ids.slice(at, at + idsPerRequest).map((id) => documentId(place, id)),
        ...routingOf(place),
        _source: false,
        filter_path: ["docs._id", "docs.found", "docs.error"],
      }),
    );
    for (const document of response.docs) {
      if ("error" in document) refuseUnreadable(document.error);
      else if (document.found) found.add(idOf(place, document._id));
    }
  }
  return found;
}

/** More make the request slow to answer without making the whole faster. */
const idsPerRequest = 1000;
