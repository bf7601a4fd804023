import type { Client, estypes } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { described } from "../errors.ts";
import { idOf, type Place, placeOf, queryOf, routingOf } from "../indices/place.ts";
import { unexpectedAnswer } from "../unexpected-answer.ts";

/** Bounds of created_at as UTC instants, inclusive and exclusive; undefined where there is none. */
export interface CreatedWithin {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** How many documents there were at the last refresh. */
export async function countCreatedWithin(client: Client, index: string, within: CreatedWithin): Promise<number> {
  const place = placeOf(index);
  const query = queryOf(place, createdQuery(within));
  const response = await described(client.count({ index: place.index, query, ...routingOf(place) }));
  if (response._shards.failed === 0) return response.count;
  throw new AppError("index_not_ready", `${response._shards.failed} shards of the index ${index} failed.`, {
    hint: "Look at the cluster's health and run the command again.",
  });
}

export interface DocumentIds {
  readonly within: CreatedWithin;
  readonly pageSize: number;
  /** Every document, or so many of them at random. */
  readonly random?: number | undefined;
  /** Awaited before each page; may take any time. */
  readonly beforePage?: ((signal: AbortSignal) => Promise<void>) | undefined;
}

const keepAlive = "5m";
/** Often enough that the point in time outlives a pause, or ids that are worked through slowly. */
const touchMillis = 2 * 60_000;

/**
 * The ids of the documents that were there at the last refresh, each once, a page at a time. At random: as many as
 * asked for, or all when there are fewer. Documents whose created_at is not indexed are taken for being within any
 * bounds.
 */
export async function* documentIds(
  client: Client,
  index: string,
  { within, pageSize, random, beforePage }: DocumentIds,
  signal: AbortSignal,
): AsyncGenerator<string[]> {
  let left = random ?? Number.POSITIVE_INFINITY;
  const seed = Math.floor(Math.random() * 2 ** 31); // the pages of one listing go on in one order
  const place = placeOf(index);
  const opened = { index: place.index, keep_alive: keepAlive, ...routingOf(place) };
  let { id } = await described(client.openPointInTime(opened));
  // the next page fails then
  const touch = setInterval(() => void keepPointInTime(client, id).catch(() => {}), touchMillis);
  try {
    let after: estypes.SortResults | undefined;
    while (!signal.aborted && left > 0) {
      await beforePage?.(signal);
      const size = Math.min(pageSize, left);
      const page = await described(
        client.search({
          pit: { id, keep_alive: keepAlive },
          size,
          ...(random === undefined ? inShardOrder(place, within) : inRandomOrder(place, within, seed)),
          _source: false,
          track_total_hits: false,
          allow_partial_search_results: false,
          ...(after !== undefined && { search_after: after }),
          filter_path: ["pit_id", "hits.hits._id", "hits.hits.sort"],
        }),
      );
      if (page.pit_id === undefined) throw unexpectedAnswer("no page of ids");
      id = page.pit_id;
      const hits = page.hits?.hits ?? []; // filter_path leaves an empty list out
      if (hits.length > 0) yield hits.map((hit) => idOf(place, hit._id!));
      if (hits.length < size) return;
      left -= hits.length;
      after = hits.at(-1)!.sort!;
    }
  } finally {
    clearInterval(touch);
    await client.closePointInTime({ id }).catch(() => {}); // it ends by itself after its time
  }
}

async function keepPointInTime(client: Client, id: string): Promise<void> {
  await client.search({
    pit: { id, keep_alive: keepAlive },
    size: 0,
    track_total_hits: false,
    query: { match_none: {} },
  });
}

function inShardOrder(place: Place, within: CreatedWithin): Pick<estypes.SearchRequest, "query" | "sort"> {
  return { query: queryOf(place, createdQuery(within)), sort: [{ _shard_doc: "asc" }] };
}

function inRandomOrder(
  place: Place,
  within: CreatedWithin,
  seed: number,
): Pick<estypes.SearchRequest, "query" | "sort"> {
  return {
    query: {
      function_score: {
        query: queryOf(place, createdQuery(within)),
        functions: [{ random_score: { seed, field: "_seq_no" } }],
        boost_mode: "replace",
      },
    },
    sort: [{ _score: { order: "desc" } }, { _shard_doc: "asc" }],
  };
}

/** What date_nanos can hold; a created_at beyond is not indexed, so such bounds are none. */
const firstInstant = "1970-01-01 00:00:00.000000";
const lastInstant = "2262-01-01 00:00:00.000000";

/** Documents whose created_at is not indexed are within any bounds. */
export function createdQuery({ from, to }: CreatedWithin): estypes.QueryDslQueryContainer {
  const range = {
    ...(from !== undefined && isIndexable(from) && { gte: instant(from) }),
    ...(to !== undefined && isIndexable(to) && { lt: instant(to) }),
  };
  if (Object.keys(range).length === 0) return { match_all: {} };
  return {
    bool: {
      should: [{ range: { created_at: range } }, { bool: { must_not: { exists: { field: "created_at" } } } }],
      minimum_should_match: 1,
    },
  };
}

function isIndexable(time: string): boolean {
  return time.length === firstInstant.length && time > firstInstant && time < lastInstant;
}

function instant(time: string): string {
  return `${time.replace(" ", "T")}Z`;
}
