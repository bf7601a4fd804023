import type { Client } from "@elastic/elasticsearch";
import { described } from "../errors.ts";
import { documentId, idOf, placeOf, routingOf } from "../indices/place.ts";
import type { FoundDocument } from "./get-documents.ts";
import { refuseUnreadable } from "./unreadable.ts";

export type DocumentVersion = FoundDocument["version"];

export interface NumberedVersion extends DocumentVersion {
  /** `_version`. Numbers of transactions are far below 2^53, beyond which this is no longer exact. */
  readonly version: bigint;
}

/** The versions of those of the documents that are in the index, in real time. A missing index has none. */
export async function documentVersions(
  client: Client,
  index: string,
  ids: readonly string[],
): Promise<Map<string, NumberedVersion>> {
  if (ids.length === 0) return new Map();
  const place = placeOf(index);
  const { docs } = await described(
    client.mget({
      index: place.index,
      ids: ids.map((id) => documentId(place, id)),
      ...routingOf(place),
      _source: false,
      filter_path: ["docs._id", "docs.found", "docs._seq_no", "docs._primary_term", "docs._version", "docs.error"],
    }),
  );
  for (const item of docs) if ("error" in item) refuseUnreadable(item.error);
  return new Map(
    docs.flatMap((item): [string, NumberedVersion][] =>
      "found" in item && item.found
        ? [
            [
              idOf(place, item._id),
              {
                seqNo: item._seq_no ?? 0,
                primaryTerm: item._primary_term ?? 0,
                version: BigInt(item._version ?? 0),
              },
            ],
          ]
        : [],
    ),
  );
}
