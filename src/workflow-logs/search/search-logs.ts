import type { estypes } from "@elastic/elasticsearch";
import { UsageError } from "../../engine/errors.ts";
import { isTenantId } from "../../stores/elasticsearch/indices/index-names.ts";
import { type OpenIndex, openIndices } from "../../stores/elasticsearch/indices/open-indices.ts";
import { type Hit, search } from "../../stores/elasticsearch/documents/search.ts";
import type { Connections } from "../connections.ts";
import { type DataType, dataTypes, logTypes } from "../partitions/log-types.ts";
import { isInScope, type Scope } from "../partitions/scope.ts";
import { filterClauses, narrows, type SearchFilters } from "./search-filters.ts";
import { searchField, searchQuery } from "./search-query.ts";
import { searchTerms } from "./search-terms.ts";

// src/workflow-logs/search finds archived logs of one tenant by words and fields. It only reads.

export interface SearchOptions extends SearchFilters {
  /** Words and "phrases"; all must be found. None are needed where a filter is given. */
  readonly query: string;
  readonly scope: Scope;
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
  readonly appId: string | null;
  /** The platform's run that it belongs to; of a run, the run itself. Null for a single step. */
  readonly workflowRunId: string | null;
  /** Of a node execution. */
  readonly title: string | null;
  readonly elapsedSeconds: number | null;
  /** Passages with what was found between <em> and </em>. */
  readonly highlight: readonly string[];
}

export interface SearchReport {
  /** Exact. */
  readonly total: number;
  readonly hits: readonly SearchHit[];
}

const shownColumns = ["id", "tenant_id", "app_id", "workflow_run_id", "created_at", "status", "title", "elapsed_time"];

/** Passages beyond so many characters of a text are not looked for: Elasticsearch refuses to. */
const highlightedCharacters = 999_999;

/**
 * Logs in whose decoded inputs, outputs, errors, titles and process data every term is found, as of the last refresh.
 * Only indices of the tenants asked for are searched, and only their documents found. Throws UsageError where neither
 * words nor a filter are given.
 *
 * @example
 * ```ts
 * import { dataTypes, openArchive, parseConfig, searchLogs } from "log-archive";
 *
 * const archive = await openArchive(parseConfig(process.env));
 * const scope = { dataTypes, tenantIds: [process.env["TENANT_ID"]!] };
 * const options = { query: "timeout", scope, statuses: ["failed"], minSeconds: 30, limit: 20, sort: "time" as const };
 * const { total, hits } = await searchLogs(archive.connections, options);
 * console.log(total, hits);
 * await archive.close();
 * ```
 */
export async function searchLogs(
  {
    postgres,
    elasticsearch,
    settings,
    archive,
  }: Pick<Connections, "postgres" | "elasticsearch" | "settings" | "archive">,
  { query, scope, limit, sort, ...filters }: SearchOptions,
): Promise<SearchReport> {
  const hasTerms = searchTerms(query).length > 0;
  if (!hasTerms && !narrows(filters))
    throw new UsageError("empty_query", "There is nothing to search for.", {
      hint: 'Give words or a "phrase", or a filter such as --failed or --app-id.',
    });
  const { prefix } = settings.template;
  const indices = await searchedIndices({ elasticsearch, archive }, prefix, scope);
  const appLogs = async (): Promise<string[]> => {
    const ofTenants: Scope = { dataTypes: ["app_logs"], tenantIds: scope.tenantIds };
    return [...(await searchedIndices({ elasticsearch, archive }, prefix, ofTenants)).keys()];
  };
  const clauses = await filterClauses({ postgres, elasticsearch, appLogs }, scope, filters);
  const found = await search(elasticsearch, {
    indices: [...indices.keys()],
    size: limit,
    query: { bool: { must: hasTerms ? [searchQuery(query)] : [], filter: clauses } },
    sort: order(sort),
    _source: [...shownColumns, "archive.run.status"],
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
        found.set(index.name, { ...index, dataType });
    }
  }
  return found;
}

function order(sort: SearchOptions["sort"]): estypes.SortCombinations[] {
  const newest = { created_at: { order: "desc" as const, format: "strict_date_optional_time_nanos" } };
  return [...(sort === "relevance" ? [{ _score: { order: "desc" as const } }] : []), newest, { id: "desc" as const }];
}

function toHit(
  { id, source, highlight }: Hit,
  { dataType, tenantId }: { dataType: DataType; tenantId: string },
): SearchHit {
  const { archive, elapsed_time: elapsed } = source as {
    archive?: { run?: { status?: string | null } };
    elapsed_time?: unknown;
  };
  const text = (column: string): string | null => (source[column] ?? null) as string | null;
  return {
    dataType,
    id,
    tenantId,
    createdAt: text("created_at"),
    status: text("status") ?? archive?.run?.status ?? null,
    appId: text("app_id"),
    workflowRunId: dataType === "workflow_runs" ? id : text("workflow_run_id"),
    title: text("title"),
    elapsedSeconds: typeof elapsed === "number" ? elapsed : null,
    highlight: highlight[searchField] ?? [],
  };
}
