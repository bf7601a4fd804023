import type { Client, estypes } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { parseExactJson } from "./exact-json.ts";
import { readAnswer } from "../bulk/raw-answer.ts";
import { readJson, unexpectedAnswer } from "../unexpected-answer.ts";

export interface Search extends Omit<estypes.SearchRequest, "index" | "pit"> {
  /** Exact names. They travel in the body: a URL has no room for those of a few years. */
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
  const header = { index: indices, ignore_unavailable: true, allow_no_indices: true };
  const answer = await readAnswer(client, {
    method: "POST",
    path: "/_msearch",
    bulkBody: [header, { track_total_hits: true, ...body }],
  });
  const { responses } = readJson(() => parseExactJson(answer)) as { responses?: RawResponse[] };
  const response = responses?.[0];
  if (response === undefined || (response.error === undefined && response.hits === undefined))
    throw unexpectedAnswer("no hits");
  return readResponse(response);
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
    hits: response.hits.hits.map(({ _index, _id, _source = {}, sort = [], highlight = {} }) => ({
      index: _index,
      id: _id,
      source: _source,
      sort,
      highlight,
    })),
    total: response.hits.total?.value ?? 0,
    aggregations: response.aggregations ?? {},
  };
}
