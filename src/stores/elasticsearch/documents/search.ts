import type { Client, estypes } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { parseExactJson } from "./exact-json.ts";
import { foundIn, ofTenants, type Place, placeOf, queryOf, routingOf } from "../indices/place.ts";
import { readAnswer } from "../bulk/raw-answer.ts";
import { readJson, unexpectedAnswer } from "../unexpected-answer.ts";

export interface Search extends Omit<estypes.SearchRequest, "index" | "pit"> {
  /** Names of places. They travel in the body: a URL has no room for those of a few years. */
  readonly indices: readonly string[];
}

export interface Hit {
  readonly index: string;
  readonly id: string;
  /** Whole numbers beyond 2^53 are bigints; empty where none was asked for. */
  readonly source: Readonly<Record<string, unknown>>;
  readonly sort: readonly unknown[];
  /** The passages found by field, where highlights were asked for. */
  readonly highlight: Readonly<Record<string, readonly string[]>>;
}

export interface SearchAnswer {
  readonly hits: readonly Hit[];
  /** Exact. */
  readonly total: number;
  readonly aggregations: Readonly<Record<string, unknown>>;
}

const nothing: SearchAnswer = { hits: [], total: 0, aggregations: {} };

/**
 * What the documents say that were there at the last refresh. An index that was deleted meanwhile has none. Throws
 * AppError rather than to answer from a part: a failed shard or a time-out would look like fewer logs.
 */
export async function search(client: Client, { indices, ...body }: Search): Promise<SearchAnswer> {
  if (indices.length === 0) return nothing;
  const { index, query, ...routing } = searched(indices.map(placeOf), body.query);
  const header = { index, ignore_unavailable: true, allow_no_indices: true, ...routing };
  const answer = await readAnswer(client, {
    method: "POST",
    path: "/_msearch",
    bulkBody: [header, { track_total_hits: true, ...body, ...(query !== undefined && { query }) }],
  });
  const { responses } = readJson(() => parseExactJson(answer)) as { responses?: RawResponse[] };
  const response = responses?.[0];
  if (response === undefined || (response.error === undefined && response.hits === undefined))
    throw unexpectedAnswer("no hits");
  return readResponse(response);
}

/** Where the places are searched, and which documents there are theirs. */
function searched(
  places: readonly Place[],
  query: estypes.QueryDslQueryContainer | undefined,
): { index: string[]; query: estypes.QueryDslQueryContainer | undefined; routing?: string } {
  const index = [...new Set(places.map((place) => place.index))];
  const [first] = places;
  if (places.every(({ tenantId }) => tenantId === first!.tenantId))
    return { index, query: queryOf(first!, query), ...routingOf(first!) };
  const tenantsOf = new Map<string, string[]>();
  for (const place of places) if (place.tenantId !== undefined) getOrSet(tenantsOf, place.index).push(place.tenantId);
  const own = places.flatMap(({ tenantId, index: name }) => (tenantId === undefined ? [name] : []));
  const parts = [...Map.groupBy(tenantsOf, ([, tenants]) => tenants.toSorted().join("/")).values()];
  const should = [
    ...(own.length > 0 ? [{ terms: { _index: own } }] : []),
    ...parts.map((group) => ({
      bool: { filter: [{ terms: { _index: group.map(([name]) => name) } }, ...ofTenants(group[0]![1])] },
    })),
  ];
  const filter = { bool: { should, minimum_should_match: 1 } };
  return { index, query: { bool: { filter: [filter], ...(query !== undefined && { must: query }) } } };
}

function getOrSet(lists: Map<string, string[]>, key: string): string[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

interface RawResponse {
  error?: { type: string; reason?: string; root_cause?: { type: string; reason?: string }[] };
  timed_out?: boolean;
  _shards?: { failed: number; total: number };
  hits: {
    total: { value: number };
    hits: {
      _index: string;
      _id: string;
      _source?: Record<string, unknown>;
      sort?: unknown[];
      highlight?: Record<string, string[]>;
    }[];
  };
  aggregations?: Record<string, unknown>;
}

function readResponse(response: RawResponse): SearchAnswer {
  const { error, _shards: shards } = response;
  if (error !== undefined) {
    const { type, reason } = error.root_cause?.[0] ?? error;
    throw new AppError("search_failed", `Elasticsearch could not search: ${type}: ${reason}`, {
      hint: "Look at the cluster's health and the server's log.",
    });
  }
  if (response.timed_out === true || (shards?.failed ?? 0) > 0) {
    throw new AppError("search_incomplete", `${shards?.failed ?? 0} of ${shards?.total ?? 0} shards did not answer.`, {
      hint: "Look at the cluster's health, then ask again.",
    });
  }
  return {
    hits: response.hits.hits.map(({ _index, _id, _source = {}, sort = [], highlight = {} }) => {
      const { name, id } = foundIn(_index, _id);
      return { index: name, id, source: _source, sort, highlight };
    }),
    total: response.hits.total?.value ?? 0,
    aggregations: response.aggregations ?? {},
  };
}
