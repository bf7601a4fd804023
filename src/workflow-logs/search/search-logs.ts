import type { estypes } from "@elastic/elasticsearch";
import { UsageError } from "../../engine/errors.ts";
import { indexName, isTenantId } from "../../stores/elasticsearch/indices/index-names.ts";
import { type OpenIndex, openIndices } from "../../stores/elasticsearch/indices/open-indices.ts";
import { type Hit, search } from "../../stores/elasticsearch/documents/search.ts";
import type { Connections } from "../connections.ts";
import { type DataType, dataTypes, logTypes } from "../partitions/log-types.ts";
import { createdWithin } from "../repositories/records/ordered-documents.ts";
import { isInScope, type Scope } from "../partitions/scope.ts";
import { searchField, searchQuery } from "./search-query.ts";
import { searchTerms } from "./search-terms.ts";

// src/workflow-logs/search finds archived logs of one tenant by words and fields. It only reads.

export interface SearchOptions {
  /** Words and "phrases"; all must be found. */
  readonly query: string;
  readonly scope: Scope;
  /** Only logs with one of these; empty means any. Of an app log, that of its run. */
  readonly statuses: readonly string[];
  readonly limit: number;
  /** Newest first, or those first in which the terms are found most. */
  readonly sort: "time" | "relevance";
}

export interface SearchHit {
  readonly dataType: DataType;
  readonly id: string;
  readonly tenantId: string;
  /** As in the document: the source's time with its offset. */
  readonly createdAt: string | null;
  readonly status: string | null;
  /** Passages with what was found between <em> and </em>. */
  readonly highlight: readonly string[];
}

export interface SearchReport {
  /** Exact. */
  readonly total: number;
  readonly hits: readonly SearchHit[];
}

/** Passages beyond so many characters of a text are not looked for: Elasticsearch refuses to. */
const highlightedCharacters = 999_999;

/**
 * Logs in whose decoded inputs, outputs, errors, titles and process data every term is found, as of the last refresh.
 * Only indices of the tenants asked for are searched, and only their documents found. Throws UsageError for an empty
 * query.
 */
export async function searchLogs(
  { elasticsearch, settings, archive }: Pick<Connections, "elasticsearch" | "settings" | "archive">,
  { query, scope, statuses, limit, sort }: SearchOptions,
): Promise<SearchReport> {
  if (searchTerms(query).length === 0)
    throw new UsageError("empty_query", "There is nothing to search for.", { hint: 'Give words or a "phrase".' });
  const indices = await searchedIndices({ elasticsearch, archive }, settings.template.prefix, scope);
  const found = await search(elasticsearch, {
    indices: [...indices.keys()],
    size: limit,
    query: { bool: { must: [searchQuery(query)], filter: filters(scope, statuses) } },
    sort: order(sort),
    _source: ["id", "tenant_id", "created_at", "status", "archive.run.status"],
    highlight: {
      fields: { [searchField]: { number_of_fragments: 2, fragment_size: 160 } },
      max_analyzed_offset: highlightedCharacters,
    },
  });
  const hits = found.hits.flatMap((hit) => {
    const index = indices.get(hit.index);
    return index === undefined || index.tenantId !== hit.source["tenant_id"] ? [] : [toHit(hit, index)];
  });
  return { total: found.total, hits };
}

/** By their names. */
async function searchedIndices(
  { elasticsearch: client, archive }: Pick<Connections, "elasticsearch" | "archive">,
  prefix: string,
  scope: Scope,
): Promise<Map<string, OpenIndex & { dataType: DataType }>> {
  const tenants = scope.tenantIds.filter(isTenantId);
  const found = new Map<string, OpenIndex & { dataType: DataType }>();
  for (const dataType of dataTypes.filter((type) => scope.dataTypes.includes(type))) {
    const { resource } = logTypes[dataType];
    const lists =
      scope.tenantIds.length === 0
        ? [openIndices(client, archive, prefix, resource)]
        : tenants.map((tenantId) => openIndices(client, archive, prefix, resource, tenantId));
    for (const index of (await Promise.all(lists)).flat()) {
      if (isInScope({ dataType, tenantId: index.tenantId, month: index.month }, scope))
        found.set(indexName({ prefix, ...index }), { ...index, dataType });
    }
  }
  return found;
}

function filters(scope: Scope, statuses: readonly string[]): estypes.QueryDslQueryContainer[] {
  const within = { from: scope.start && isoInstant(scope.start), to: scope.end && isoInstant(scope.end) };
  return [
    ...(scope.tenantIds.length > 0 ? [{ terms: { tenant_id: [...scope.tenantIds] } }] : []),
    ...createdWithin(within),
    ...(statuses.length > 0
      ? [{ bool: { should: ["status", "archive.run.status"].map((field) => ({ terms: { [field]: [...statuses] } })) } }]
      : []),
  ];
}

function isoInstant(text: string): string {
  return `${text.replace(" ", "T")}Z`;
}

function order(sort: SearchOptions["sort"]): estypes.SortCombinations[] {
  const newest = { created_at: { order: "desc" as const, format: "strict_date_optional_time_nanos" } };
  return [...(sort === "relevance" ? [{ _score: { order: "desc" as const } }] : []), newest, { id: "desc" as const }];
}

function toHit(
  { id, source, highlight }: Hit,
  { dataType, tenantId }: { dataType: DataType; tenantId: string },
): SearchHit {
  const {
    archive,
    created_at: createdAt,
    status,
  } = source as {
    archive?: { run?: { status?: string | null } };
    created_at?: string;
    status?: string;
  };
  return {
    dataType,
    id,
    tenantId,
    createdAt: createdAt ?? null,
    status: status ?? archive?.run?.status ?? null,
    highlight: highlight[searchField] ?? [],
  };
}
