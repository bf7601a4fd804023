import type { Client, estypes } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { describeElasticsearchError, described, errorType } from "../errors.ts";
import { type Place, placeOf, queryOf, routingOf } from "./place.ts";
import { refreshIndex } from "./indices.ts";

export interface IndexContents {
  readonly documents: number;
  /** created_at of the newest, UTC; null when there is no document, undefined when it cannot be told. */
  readonly newest: string | null | undefined;
  /** Another number after any write: the sum of the documents' sequence numbers. */
  readonly writes: number;
}

/**
 * Counts the documents of a place and finds the newest after a refresh. Undefined when a shard does not answer: a part could hide
 * a newer one.
 */
export async function readContents(client: Client, index: string): Promise<IndexContents | undefined> {
  const place = placeOf(index);
  try {
    await searchNewest(client, place); // says at once that a shard is missing; a refresh would wait a minute for it
    await refreshIndex(client, index);
    const { dated, ...contents } = await searchNewest(client, place);
    const { documents, newest } = contents;
    if (documents === 0) return { ...contents, newest: null };
    if (documents === dated) return contents;
    const beside = await newestUndated(client, place, documents - dated);
    return { ...contents, newest: beside && later(beside, newest) };
  } catch (error) {
    if (error instanceof AppError && error.code === "index_not_ready") return undefined;
    if (unanswered.has(errorType(error) ?? "")) return undefined;
    throw describeElasticsearchError(error);
  }
}

const unanswered = new Set(["search_phase_execution_exception", "no_shard_available_action_exception"]);

/** As text: the number of a date_nanos has more digits than JSON.parse keeps, and the max aggregation is a double. */
async function searchNewest(
  client: Client,
  place: Place,
): Promise<IndexContents & { dated: number; newest: string | undefined }> {
  const query = queryOf(place);
  const found = await client.search({
    index: place.index,
    ...routingOf(place),
    ...(query !== undefined && { query }),
    size: 0,
    track_total_hits: true,
    allow_partial_search_results: false,
    aggs: {
      writes: { sum: { field: "_seq_no" } },
      // Without the filter a missing created_at sorts as 1970.
      dated: { filter: { exists: { field: "created_at" } }, aggs: { newest: { top_hits: newestHit } } },
    },
  });
  const dated = found.aggregations!["dated"] as estypes.AggregationsFilterAggregate & {
    newest: estypes.AggregationsTopHitsAggregate;
  };
  const total = found.hits.total as estypes.SearchTotalHits;
  return {
    documents: total.value,
    dated: dated.doc_count,
    newest: dated.newest.hits.hits[0]?.sort?.[0] as string | undefined,
    writes: (found.aggregations!["writes"] as estypes.AggregationsSumAggregate).value ?? 0,
  };
}

const newestHit: estypes.AggregationsTopHitsAggregation = {
  size: 1,
  _source: false,
  sort: [{ created_at: { order: "desc", format: "strict_date_optional_time_nanos" } }],
};

const pageSize = 1000;
const keepAlive = "5m";

/**
 * Of documents whose created_at is not indexed, for date_nanos ends in 1970 and 2262: their source is read. Undefined
 * when one has no time there.
 */
async function newestUndated(client: Client, place: Place, expected: number): Promise<string | undefined> {
  let { id } = await described(
    client.openPointInTime({ index: place.index, keep_alive: keepAlive, ...routingOf(place) }),
  );
  try {
    let newest: string | undefined;
    let after: estypes.SortResults | undefined;
    for (let seen = 0; seen < expected;) {
      const page: estypes.SearchResponse<{ created_at?: unknown }> = await client.search({
        pit: { id, keep_alive: keepAlive },
        size: pageSize,
        query: queryOf(place, { bool: { must_not: { exists: { field: "created_at" } } } }),
        sort: [{ _shard_doc: "asc" }],
        _source: ["created_at"],
        track_total_hits: false,
        allow_partial_search_results: false,
        ...(after !== undefined && { search_after: after }),
      });
      id = page.pit_id ?? id;
      const { hits } = page.hits;
      for (const { _source } of hits) {
        const millis = typeof _source?.created_at === "string" ? Date.parse(_source.created_at) : Number.NaN;
        if (Number.isNaN(millis)) return undefined;
        newest = later(new Date(millis).toISOString(), newest);
      }
      if (hits.length === 0) return undefined; // written meanwhile
      seen += hits.length;
      after = hits.at(-1)!.sort!;
    }
    return newest;
  } finally {
    await client.closePointInTime({ id }).catch(() => {}); // it ends by itself after its time
  }
}

function later(one: string, other: string | undefined): string {
  return other === undefined || Date.parse(one) > Date.parse(other) ? one : other;
}
