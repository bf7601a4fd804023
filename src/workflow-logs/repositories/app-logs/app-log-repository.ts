import type { AppLog, AppLogEntry } from "./app-log.ts";

/**
 * The logs of workflow apps as a platform's pages show them; Dify has them in its WorkflowAppService. Every method
 * speaks of one tenant; a tenant id that cannot be one has no logs. Times are ISO text with a zone; a malformed one is
 * a UsageError.
 */
export interface AppLogRepository {
  /**
   * Newest first, logs of one instant by descending id. A log without its run is there unless a status or keyword is
   * asked for.
   */
  getPaginatedAppLogs(query: AppLogPageQuery): Promise<AppLogPage>;

  countAppLogs(query: AppLogQuery): Promise<number>;

  getAppLogById(tenantId: string, id: string): Promise<AppLogEntry | undefined>;

  /**
   * Afterwards the log with this id says what `log` says; created_at stays what it was at the first save. Throws
   * UsageError for a record that cannot be stored and AppError `other_tenant` when the id is another tenant's: nothing
   * is written then.
   */
  saveAppLog(log: AppLog): Promise<void>;
}

export interface AppLogQuery {
  readonly tenantId: string;
  readonly appId: string;
  /**
   * In PostgreSQL a part of the text of the run's inputs or outputs, or of the session id (its first 30 characters); in
   * Elasticsearch words and "phrases" of them, which all have to be found. In both the id of the run. Blank text is
   * none.
   */
  readonly keyword?: string | undefined;
  /** Of the run. */
  readonly status?: string | undefined;
  /** Inclusive, both. */
  readonly createdAtAfter?: string | undefined;
  readonly createdAtBefore?: string | undefined;
  readonly createdByEndUserSessionId?: string | undefined;
  /** The e-mail address of an account; one that no account has finds nothing. */
  readonly createdByAccount?: string | undefined;
}

export interface AppLogPageQuery extends AppLogQuery {
  /** 1 to 99,999; 1 when left out. */
  readonly page?: number | undefined;
  /** 1 to 100; 20 when left out. */
  readonly limit?: number | undefined;
}

export interface AppLogPage {
  readonly page: number;
  readonly limit: number;
  /** Exact. */
  readonly total: number;
  readonly hasMore: boolean;
  readonly data: readonly AppLogEntry[];
}
