import type { Client, estypes } from "@elastic/elasticsearch";
import { described } from "./errors.ts";

export interface ListedDocument {
  readonly id: string;
  /** The fields asked for, as JSON.parse reads them: numbers may have lost digits. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface DocumentListing {
  /** Only documents behind this id. */
  readonly after: string | undefined;
  readonly pageSize: number;
  /** Bounds of created_at as UTC text, inclusive and exclusive; documents whose created_at is not indexed are listed all the same. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Fields to leave out of those returned; undefined returns none. */
  readonly exclude?: readonly string[] | undefined;
}

/**
 * The documents that were there at the last refresh, a page at a time, in the order of their field `id`. That order is total and never changes, so
 * a listing goes on behind any id, also days later, without a point in time. Documents without that field come last.
 */
export async function* listDocuments(
  client: Client,
  index: string,
  listing: DocumentListing,
  signal: AbortSignal,
): AsyncGenerator<ListedDocument[]> {
  const query = queryOf(listing);
  let after: string | null | undefined = listing.after;
  while (!signal.aborted && after !== null) {
    const response: estypes.SearchResponse<Record<string, unknown>> = await described(
      client.search({
        index,
        size: listing.pageSize,
        sort: [{ id: "asc" }],
        track_total_hits: false,
        allow_partial_search_results: false, // a part of the documents would pass for all
        _source: listing.exclude === undefined ? false : { excludes: [...listing.exclude] },
        ...(query && { query }),
        ...(after !== undefined && { search_after: [after] }),
      }),
    );
    const { hits } = response.hits;
    if (hits.length > 0) yield hits.map((hit) => ({ id: hit._id!, fields: hit._source ?? {} }));
    if (hits.length < listing.pageSize) return;
    after = hits.at(-1)!.sort![0] as string | null;
  }
}

/** What date_nanos can hold; a bound beyond is none, for such a created_at is not indexed. */
const firstInstant = "1970-01-01 00:00:00.000000";
const lastInstant = "2262-01-01 00:00:00.000000";

function queryOf({ from, to }: DocumentListing): estypes.QueryDslQueryContainer | undefined {
  const range = {
    ...(from !== undefined && isIndexable(from) && { gte: instant(from) }),
    ...(to !== undefined && isIndexable(to) && { lt: instant(to) }),
  };
  if (Object.keys(range).length === 0) return undefined;
  return {
    bool: { should: [{ range: { created_at: range } }, { bool: { must_not: { exists: { field: "created_at" } } } }] },
  };
}

function isIndexable(time: string): boolean {
  return time.length === firstInstant.length && time > firstInstant && time < lastInstant;
}

function instant(time: string): string {
  return `${time.replace(" ", "T")}Z`;
}
