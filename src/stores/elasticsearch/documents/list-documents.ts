import type { Client } from "@elastic/elasticsearch";
import { readAnswer } from "../bulk/raw-answer.ts";
import { idOf, pathOf, placeOf, queryOf } from "../indices/place.ts";
import { readJson, unexpectedAnswer } from "../unexpected-answer.ts";
import { type CreatedWithin, createdQuery } from "./document-ids.ts";
import { scanHits } from "./scan-hits.ts";

export interface ListedDocument {
  readonly id: string;
  /**
   * Its field `id`, by which it is listed: the same, unless somebody else wrote the document. Null where it has none.
   */
  readonly key: string | null;
  /** The fields asked for, as JSON; undefined where none were. */
  readonly source: Buffer | undefined;
}

export interface DocumentListing {
  /** Only documents behind this key. */
  readonly after: string | undefined;
  readonly pageSize: number;
  readonly within: CreatedWithin;
  /** Fields to leave out of those returned; undefined returns none. */
  readonly exclude?: readonly string[] | undefined;
  /** Awaited before each page. */
  readonly beforePage?: ((signal: AbortSignal) => Promise<void>) | undefined;
}

/**
 * The documents that were there at the last refresh, a page at a time, in the order of their field `id`. That order is
 * total and never changes, so a listing goes on behind any key, also days later, without a point in time. Documents
 * without that field come last.
 */
export async function* listDocuments(
  client: Client,
  index: string,
  listing: DocumentListing,
  signal: AbortSignal,
): AsyncGenerator<ListedDocument[]> {
  const place = placeOf(index);
  const path = pathOf(place, "_search", { allow_partial_search_results: "false" }); // a part would pass for all
  const query = queryOf(place, createdQuery(listing.within));
  let after: readonly unknown[] | undefined =
    listing.after === undefined ? undefined : [listing.after, Number.MAX_SAFE_INTEGER];
  while (!signal.aborted) {
    await listing.beforePage?.(signal);
    const body = {
      size: listing.pageSize,
      sort: [{ id: "asc" }, { _seq_no: "asc" }], // several may have one key, if somebody copied a document
      track_total_hits: false,
      _source: listing.exclude === undefined ? false : { excludes: [...listing.exclude] },
      query,
      ...(after !== undefined && { search_after: after }),
    };
    const answer = await readAnswer(client, { method: "POST", path, body });
    const hits = readJson(() => scanHits(answer));
    if (hits === undefined) throw unexpectedAnswer("no page of documents");
    if (hits.length > 0)
      yield hits.map(({ id, source, sort }) => ({
        id: idOf(place, id),
        key: (sort?.[0] ?? null) as string | null,
        source,
      }));
    if (hits.length < listing.pageSize) return;
    after = hits.at(-1)!.sort;
  }
}
