import type { Client } from "@elastic/elasticsearch";
import { described } from "../errors.ts";
import type { FoundDocument } from "./get-documents.ts";

export type DocumentVersion = FoundDocument["version"];

/** The versions of those of the documents that are in the index, in real time. A missing index has none. */
export async function documentVersions(
  client: Client,
  index: string,
  ids: readonly string[],
): Promise<Map<string, DocumentVersion>> {
  if (ids.length === 0) return new Map();
  const { docs } = await described(
    client.mget({
      index,
      ids: [...ids],
      _source: false,
      filter_path: ["docs._id", "docs.found", "docs._seq_no", "docs._primary_term"],
    }),
  );
  return new Map(
    docs.flatMap((item): [string, DocumentVersion][] =>
      "found" in item && item.found
        ? [[item._id, { seqNo: item._seq_no ?? 0, primaryTerm: item._primary_term ?? 0 }]]
        : [],
    ),
  );
}
