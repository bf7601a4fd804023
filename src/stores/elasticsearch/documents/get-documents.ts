import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { parseExactJson } from "./exact-json.ts";
import { documentId, placeOf, routingOf } from "../indices/place.ts";
import { readAnswer } from "../bulk/raw-answer.ts";
import { readJson, unexpectedAnswer } from "../unexpected-answer.ts";

export interface FoundDocument {
  readonly index: string;
  readonly id: string;
  /** Whole numbers beyond 2^53 are bigints. */
  readonly source: Readonly<Record<string, unknown>>;
  /** Which version of the document this is, for `putDocument`. */
  readonly version: { readonly seqNo: number; readonly primaryTerm: number };
}

/**
 * The document with this id in each of the indices that has one, in real time. A missing index has none. Throws
 * AppError when an index could not be read and the document is in no other.
 */
export async function getDocuments(client: Client, indices: readonly string[], id: string): Promise<FoundDocument[]> {
  if (indices.length === 0) return [];
  const places = indices.map(placeOf);
  const docs = places.map((place) => ({ _index: place.index, _id: documentId(place, id), ...routingOf(place) }));
  const answer = await readAnswer(client, { method: "POST", path: "/_mget", body: { docs } });
  const { docs: items = [] } = readJson(() => parseExactJson(answer)) as { docs?: RawItem[] };
  if (items.length !== docs.length) throw unexpectedAnswer(`${items.length} documents for ${docs.length} ids`);
  const found = items.flatMap((item, at) =>
    item.found === true
      ? {
          index: places[at]!.tenantId === undefined ? item._index : places[at]!.name,
          id,
          source: item._source ?? {},
          version: { seqNo: item._seq_no ?? 0, primaryTerm: item._primary_term ?? 0 },
        }
      : [],
  );
  const unread = items.find(({ error }) => error !== undefined && error.type !== "index_not_found_exception");
  if (found.length > 0 || unread === undefined) return found;
  throw new AppError("document_unreadable", `${unread._index} could not be read: ${unread.error?.reason}`, {
    hint: "Look at the cluster's health and at closed indices.",
  });
}

interface RawItem {
  _index: string;
  _id: string;
  found?: boolean;
  _source?: Record<string, unknown>;
  _seq_no?: number;
  _primary_term?: number;
  error?: { type: string; reason?: string };
}
