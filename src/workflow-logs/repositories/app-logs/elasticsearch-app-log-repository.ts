import { validateTenantId } from "../../../stores/elasticsearch/indices/index-names.ts";
import type { Connections } from "../../connections.ts";
import { cleanupOldIndices } from "../../retention/cleanup-old-indices.ts";
import type { RetentionReport } from "../../retention/report.ts";
import { searchField } from "../../search/search-query.ts";
import { searchTerms } from "../../search/search-terms.ts";
import { ElasticsearchRecords, type Filter } from "../records/elasticsearch-records.ts";
import {
  createdWithin,
  type DocumentOrder,
  type DocumentQuery,
  orderedDocuments,
  type OrderedDocument,
  type Position,
  unindexedDocuments,
} from "../records/ordered-documents.ts";
import type { Partly } from "../records/part-of-logs.ts";
import { recordOfDocument } from "../records/read-record.ts";
import { type AppLog, type AppLogEntry, appLogKind } from "./app-log.ts";
import type { AppLogReads, FirstPlaces } from "./app-log-reads.ts";
import type { AppLogPage, AppLogPageQuery, AppLogQuery, AppLogRepository } from "./app-log-repository.ts";
import { appLogPage, boundsOf, keywordOf, pageOf, runIdOf } from "./check-app-log-query.ts";
import { relatedOfDocument } from "./related-of-document.ts";
import { RelatedToSavedLog } from "./related-to-saved-log.ts";

/** Places of a listing that one request passes over: Elasticsearch gives no more at once. */
const placesPerRequest = 10_000;

type Bounds = Pick<DocumentOrder, "from" | "to">;

export class ElasticsearchAppLogRepository implements AppLogRepository, AppLogReads {
  private readonly connections: Connections;
  private readonly records: ElasticsearchRecords<AppLog>;

  /** PostgreSQL is asked for the end user, account and trigger of a log that is saved: their tables stay there. */
  constructor(connections: Connections & Partly) {
    this.connections = connections;
    const related = new RelatedToSavedLog(connections);
    this.records = new ElasticsearchRecords(connections, appLogKind, (log, replaced) => related.members(log, replaced));
  }

  async getPaginatedAppLogs(query: AppLogPageQuery): Promise<AppLogPage> {
    const page = pageOf(query);
    const bounds = boundsOf(query);
    const documents = await this.records.query(query.tenantId, filtersOf(query));
    const total = await this.count(documents, bounds);
    return appLogPage(page, total, await this.entries(documents, bounds, page, total));
  }

  async getFirstPlaces(query: AppLogQuery, count: number): Promise<FirstPlaces> {
    const bounds = boundsOf(query);
    const documents = await this.records.query(query.tenantId, filtersOf(query));
    const places: Position[] = [];
    const order = { direction: "desc", ...bounds, pageSize: Math.min(count, placesPerRequest), source: false } as const;
    for await (const page of orderedDocuments(this.records.client, documents, order)) {
      places.push(...page.map(({ id, createdAt }) => ({ id, createdAt })));
      if (places.length >= count) break;
    }
    return { total: await this.count(documents, bounds), places: places.slice(0, count) };
  }

  async countAppLogs(query: AppLogQuery): Promise<number> {
    const bounds = boundsOf(query);
    return this.count(await this.records.query(query.tenantId, filtersOf(query)), bounds);
  }

  async getAppLogById(tenantId: string, id: string): Promise<AppLogEntry | undefined> {
    const source = await this.records.getSource(await this.records.indices(tenantId), tenantId, id);
    return source && entryOf(source);
  }

  saveAppLog(log: AppLog): Promise<void> {
    return this.records.save(log);
  }

  /**
   * Afterwards the documents of these runs' logs carry their runs as they are now. For whoever saves runs in
   * Elasticsearch alone.
   */
  async refreshLogsOf(tenantId: string, workflowRunIds: readonly string[]): Promise<void> {
    await this.records.refresh(tenantId); // a search would not see a log that was saved while its run was under way
    const query = await this.records.query(tenantId, [{ terms: { workflow_run_id: [...workflowRunIds] } }]);
    const logs = await this.records.list(query, { direction: "asc" }, Number.POSITIVE_INFINITY);
    for (const log of logs) await this.records.save(log);
  }

  /**
   * Sweeps the tenant's months of app logs that are past their retention: the guide's `cleanup_old_indices`. Rules and
   * holds go before the days given.
   */
  async cleanupOldIndices(tenantId: string, retentionDays: number): Promise<RetentionReport> {
    return cleanupOldIndices(this.connections, validateTenantId(tenantId), retentionDays, ["app_logs"]);
  }

  private async count({ indices, filters }: DocumentQuery, { from, to }: Bounds): Promise<number> {
    if (from === undefined && to === undefined)
      return (await this.records.search({ indices, filters }, { size: 0 })).total;
    const within = [...filters, { exists: { field: "created_at" } }, ...createdWithin({ from, to })];
    const { total } = await this.records.search({ indices, filters: within }, { size: 0 });
    const order = { direction: "asc", from, to, source: false } as const;
    return total + (await unindexedDocuments(this.records.client, { indices, filters }, order)).length;
  }

  /** A page of the second half is found from the end. */
  private async entries(
    query: DocumentQuery,
    bounds: Bounds,
    { offset, limit }: { offset: number; limit: number },
    total: number,
  ): Promise<AppLogEntry[]> {
    const size = Math.min(limit, total - offset);
    if (size <= 0) return [];
    const fromEnd = total - offset - size;
    if (fromEnd >= offset) return this.part(query, { direction: "desc", ...bounds }, offset, size);
    return (await this.part(query, { direction: "asc", ...bounds }, fromEnd, size)).toReversed();
  }

  /**
   * Elasticsearch passes over no more than 10,000 places by number: the way to a later one leads over the places before
   * it, without their documents.
   */
  private async part(
    query: DocumentQuery,
    order: Pick<DocumentOrder, "direction" | "from" | "to">,
    offset: number,
    size: number,
  ): Promise<AppLogEntry[]> {
    let after: OrderedDocument | undefined;
    const { client } = this.records;
    if (offset > 0) {
      let left = offset;
      const walk = { ...order, pageSize: Math.min(offset, placesPerRequest), source: false };
      for await (const page of orderedDocuments(client, query, walk)) {
        after = page[Math.min(left, page.length) - 1];
        left -= page.length;
        if (left <= 0) break;
      }
    }
    const entries: AppLogEntry[] = [];
    for await (const page of orderedDocuments(client, query, { ...order, after, pageSize: size, source: true })) {
      entries.push(...page.map(({ source }) => entryOf(source)));
      if (entries.length >= size) break;
    }
    return entries.slice(0, size);
  }
}

function entryOf(source: Readonly<Record<string, unknown>>): AppLogEntry {
  return { ...recordOfDocument(appLogKind, source), ...relatedOfDocument(source) };
}

const sessionId = "archive.end_user.session_id";
const hasRun: Filter = { exists: { field: "archive.run.status" } };

function filtersOf(query: AppLogQuery): Filter[] {
  const { status, createdByEndUserSessionId, createdByAccount } = query;
  const keyword = keywordOf(query);
  return [
    { term: { app_id: query.appId } },
    ...(status === undefined ? [] : [{ term: { "archive.run.status": status } }]),
    ...(createdByEndUserSessionId === undefined ? [] : [{ term: { [sessionId]: createdByEndUserSessionId } }]),
    ...(createdByAccount === undefined ? [] : [{ term: { "archive.account.email": createdByAccount } }]),
    ...(keyword === undefined ? [] : [hasRun, keywordFilter(keyword)]),
  ];
}

/** Every word or "phrase" is in the text of the run or in the session id; or the keyword is the run's id. */
function keywordFilter(keyword: string): Filter {
  const found = searchTerms(keyword).map((term) => ({
    bool: {
      should: [
        { match_phrase: { [searchField]: term } },
        { term: { [sessionId]: term } },
        { match_phrase: { [`${sessionId}.words`]: term } },
      ],
    },
  }));
  const runId = runIdOf(keyword);
  const isRun = runId === undefined ? [] : [{ term: { workflow_run_id: runId } }];
  return { bool: { should: [{ bool: { must: found } }, ...isRun], minimum_should_match: 1 } };
}
