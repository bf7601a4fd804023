import type { Client, estypes } from "@elastic/elasticsearch";
import { search } from "../../../../stores/elasticsearch/documents/search.ts";
import { utcToLocal } from "../../../documents/time-zone.ts";
import type { ElasticsearchRecords } from "../../records/elasticsearch-records.ts";
import { parseInstant } from "../../records/instants.ts";
import {
  createdWithin,
  type DocumentQuery,
  type OrderedDocument,
  unindexedDocuments,
} from "../../records/ordered-documents.ts";
import { listOf, timeZoneName } from "../check-query.ts";
import type { StatisticsQuery } from "./run-statistics.ts";
import type { WorkflowRun } from "../workflow-run.ts";

/** Runs that have the local day, and the value where one is grouped by, in common. */
export interface DayGroup {
  readonly date: string;
  readonly value: unknown;
  readonly count: number;
  /** Where asked for; numbers as doubles hold them. */
  readonly tokens?: {
    readonly count: number;
    readonly sum: number;
    readonly min: number | null;
    readonly max: number | null;
  };
}

/** The runs that a statistic speaks of. */
export interface DayQuery {
  readonly client: Client;
  readonly timeZone: string;
  readonly indexed: DocumentQuery;
  readonly unindexed: readonly OrderedDocument[];
}

export async function dayQuery(
  runs: ElasticsearchRecords<WorkflowRun>,
  { tenantId, appId, triggeredFrom, startDate, endDate, timezone }: StatisticsQuery,
): Promise<DayQuery> {
  const timeZone = timeZoneName(timezone);
  const bounds = {
    from: startDate === undefined ? undefined : parseInstant(startDate),
    to: endDate === undefined ? undefined : parseInstant(endDate),
  };
  const all = await runs.query(tenantId, [
    { term: { app_id: appId } },
    { terms: { triggered_from: [...listOf(triggeredFrom)] } },
  ]);
  const source = ["created_by", "total_tokens"];
  return {
    client: runs.client,
    timeZone,
    indexed: { indices: all.indices, filters: [...all.filters, ...createdWithin(bounds)] },
    unindexed: await unindexedDocuments(runs.client, all, { direction: "asc", ...bounds, source }),
  };
}

/** Buckets of one request, within Elasticsearch's default limit of 65,536. */
const groupsPerRequest = 10_000;

/**
 * Every group once, in no promised order; a run whose created_at is not indexed may be a further group of the same day
 * and value.
 */
export async function* dayGroups(
  { client, timeZone, indexed, unindexed }: DayQuery,
  by?: "created_by" | "total_tokens",
  aggregations: Record<string, estypes.AggregationsAggregationContainer> = {},
): AsyncGenerator<DayGroup> {
  const day = { field: "created_at", calendar_interval: "day", time_zone: timeZone, format: "yyyy-MM-dd" } as const;
  const sources = [
    { date: { date_histogram: day } },
    ...(by === undefined ? [] : [{ value: { terms: { field: by } } }]),
  ];
  for (let after: CompositeKey | undefined; ;) {
    const answer = await search(client, {
      indices: indexed.indices,
      size: 0,
      track_total_hits: false,
      query: { bool: { filter: [...indexed.filters] } },
      aggs: {
        groups: {
          composite: { size: groupsPerRequest, sources, ...(after !== undefined && { after }) },
          aggs: aggregations,
        },
      },
    });
    const { buckets = [], after_key } = (answer.aggregations["groups"] ?? {}) as CompositeAnswer;
    for (const { key, doc_count, tokens } of buckets) {
      yield { date: key.date, value: key.value, count: doc_count, ...(tokens !== undefined && { tokens }) };
    }
    if (buckets.length < groupsPerRequest) break;
    after = after_key;
  }
  for (const { createdAt, source } of unindexed) {
    const date = utcToLocal(createdAt.slice(0, -1).replace("T", " "), timeZone).slice(0, -" HH:MM:SS.ffffff".length);
    const tokens = Number(source["total_tokens"]);
    const stats = { count: 1, sum: tokens, min: tokens, max: tokens };
    yield { date, value: by === undefined ? undefined : source[by], count: 1, tokens: stats };
  }
}

interface CompositeKey extends Record<string, string | number> {
  date: string;
  value: string | number;
}

interface CompositeAnswer {
  buckets?: { key: CompositeKey; doc_count: number; tokens?: NonNullable<DayGroup["tokens"]> }[];
  after_key?: CompositeKey;
}
