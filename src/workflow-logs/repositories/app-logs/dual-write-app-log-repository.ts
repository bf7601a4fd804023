import { DualReads } from "../dual-write/reads/dual-reads.ts";
import type { DualWrite } from "../dual-write/dual-write.ts";
import { mergedList } from "../dual-write/reads/merge-answers.ts";
import { type AppLog, type AppLogEntry, appLogKind } from "./app-log.ts";
import type { AppLogReads } from "./app-log-reads.ts";
import type { AppLogPage, AppLogPageQuery, AppLogQuery, AppLogRepository } from "./app-log-repository.ts";
import { appLogPage, keywordOf, pageOf } from "./check-app-log-query.ts";
import { ElasticsearchAppLogRepository } from "./elasticsearch-app-log-repository.ts";
import { PostgresAppLogRepository } from "./postgres-app-log-repository.ts";

export class DualWriteAppLogRepository implements AppLogRepository {
  private readonly dualWrite: DualWrite;
  private readonly reads: DualReads<AppLogReads, AppLog>;
  private readonly postgres: AppLogRepository;
  private readonly elasticsearch: AppLogRepository;

  constructor(dualWrite: DualWrite) {
    this.dualWrite = dualWrite;
    this.reads = new DualReads<AppLogReads, AppLog>(dualWrite, appLogKind, {
      postgres: (connections) => new PostgresAppLogRepository(connections),
      elasticsearch: (connections) => new ElasticsearchAppLogRepository(connections),
    });
    this.postgres = new PostgresAppLogRepository(dualWrite.connections);
    this.elasticsearch = new ElasticsearchAppLogRepository(dualWrite.connections);
  }

  async getPaginatedAppLogs(query: AppLogPageQuery): Promise<AppLogPage> {
    const page = await this.reads.readWhole(query.tenantId, {
      method: "getPaginatedAppLogs",
      ask: (logs) => logs.getPaginatedAppLogs(query),
      isComparable: keywordOf(query) === undefined,
    });
    return page ?? this.pageOfBoth(query);
  }

  countAppLogs(query: AppLogQuery): Promise<number> {
    return this.reads.read(query.tenantId, {
      method: "countAppLogs",
      ask: (logs) => logs.countAppLogs(query),
      merge: (own, other) => own + other,
      isComparable: keywordOf(query) === undefined,
    });
  }

  getAppLogById(tenantId: string, id: string): Promise<AppLogEntry | undefined> {
    const ask = (logs: AppLogReads): Promise<AppLogEntry | undefined> => logs.getAppLogById(tenantId, id);
    return this.reads.find(tenantId, id, { method: "getAppLogById", ask });
  }

  saveAppLog(log: AppLog): Promise<void> {
    return this.dualWrite.save(appLogKind, log, {
      postgres: () => this.postgres.saveAppLog(log),
      elasticsearch: () => this.elasticsearch.saveAppLog(log),
    });
  }

  /**
   * Costs as much as there are logs before the page: which of them come first is only known when the places of both
   * are.
   */
  private async pageOfBoth(query: AppLogPageQuery): Promise<AppLogPage> {
    const page = pageOf(query);
    const count = page.offset + page.limit;
    const { total, places } = await this.reads.read(query.tenantId, {
      method: "getPaginatedAppLogs",
      ask: (logs) => logs.getFirstPlaces(query, count),
      merge: (own, other) => ({
        total: own.total + other.total,
        places: mergedList("desc", count)(own.places, other.places),
      }),
      isComparable: false,
    });
    const ids = places.slice(page.offset).map(({ id }) => id);
    const entries = await Promise.all(ids.map((id) => this.getAppLogById(query.tenantId, id)));
    return appLogPage(
      page,
      total,
      entries.filter((entry) => entry !== undefined),
    );
  }
}
