export { type Config, parseConfig } from "./config/config.ts";
export type { Environment } from "./config/read-sections.ts";
export { ConfigError } from "./config/config-error.ts";
export { connectionOptions } from "./config/connection-options.ts";
export { AppError, UsageError } from "./engine/errors.ts";
export { openArchive, type OpenArchive } from "./open-archive.ts";
export { type Jsonable, toJson } from "./workflow-logs/repositories/records/to-json.ts";
export type { BlobStorage } from "./stores/blobs/blob-storage.ts";
export { blobStorage, type BlobStorageSettings } from "./stores/blobs/open-blob-storage.ts";
export type { ElasticsearchConnection } from "./stores/elasticsearch/client.ts";
export type { TemplateSettings } from "./stores/elasticsearch/indices/template-files.ts";
export type { RecordError, RecordErrorFilter } from "./workflow-logs/state/record-errors.ts";
export type { JobTimings } from "./stores/postgres/jobs/job-timings.ts";
export type { JobState } from "./stores/postgres/jobs/read-jobs.ts";
export { countRecordErrors, discardRecordErrors, listRecordErrors } from "./workflow-logs/state/record-errors.ts";
export type { RecordedChange, RetentionRule } from "./workflow-logs/state/retention/rules.ts";
export { type AskedHome, type FoundRun, knownRun, listRuns, type Unanswered } from "./runs/all-homes.ts";
export type { RequestedState, RunLimits, RunRecord } from "./runs/run-record.ts";
export { askedArchive } from "./workflow-logs/run-home.ts";
export { askedStateFile } from "./stores/sqlite/run-home.ts";
export { appliedMigrations, pendingMigrations, upgradeState } from "./workflow-logs/state/upgrade.ts";
export { type CaptureWatch, installCapture, type InstallReport } from "./workflow-logs/capture/install.ts";
export { captureStatus, type CaptureStatus } from "./workflow-logs/capture/status.ts";
export { uninstallCapture, type UninstallReport } from "./workflow-logs/capture/uninstall.ts";
export { cleanupPg } from "./workflow-logs/cleanup/cleanup-pg.ts";
export type { CleanupWatch } from "./workflow-logs/cleanup/cleanup-plan.ts";
export { cleanupDefaults, type CleanupOptions } from "./workflow-logs/cleanup/options.ts";
export type { CleanupReport, KeepReason, TableCount, UnindexedPredicate } from "./workflow-logs/cleanup/report.ts";
export {
  type ArchiveSettings,
  type ConnectionOptions,
  type Connections,
  describeStoreError,
  withConnections,
} from "./workflow-logs/connections.ts";
export {
  type EvidenceObjection,
  type EvidenceOptions,
  type EvidenceReport,
  takeEvidence,
} from "./workflow-logs/evidence/take-evidence.ts";
export { type EvidenceFile, readEvidence } from "./workflow-logs/evidence/evidence-file.ts";
export {
  verifyEvidence,
  type VerifyEvidenceOptions,
  type VerifyEvidenceReport,
} from "./workflow-logs/evidence/verify-evidence.ts";
export { applyDirty } from "./workflow-logs/dirty/apply-dirty.ts";
export { applyDirtyDefaults, type ApplyDirtyOptions } from "./workflow-logs/dirty/options.ts";
export type { ApplyDirtyReport, DirtyReport, DirtyTotals, DropReason } from "./workflow-logs/dirty/dirty-report.ts";
export { requestState, setLimits } from "./runs/control-runs.ts";
export { type DataType, dataTypes, type Partition } from "./workflow-logs/partitions/log-types.ts";
export { type DryRun, dryRun, type Estimates } from "./workflow-logs/migrate/dry-run.ts";
export { migrate } from "./workflow-logs/migrate/migrate.ts";
export type { RunWatch as MigrateWatch } from "./runs/run.ts";
export { migrateDefaults, type MigrateOptions } from "./workflow-logs/copying/options.ts";
export type { MigrateReport, Totals } from "./workflow-logs/copying/report.ts";
export { retryErrors, type RetryReport } from "./workflow-logs/migrate/retry-errors.ts";
export type { Finding } from "./workflow-logs/preflight/finding.ts";
export { preflight } from "./workflow-logs/preflight/preflight.ts";
export { noProgress, type ProgressSink } from "./runs/progress.ts";
export type { AppLog, AppLogEntry, RunSummary } from "./workflow-logs/repositories/app-logs/app-log.ts";
export type {
  AppLogPage,
  AppLogPageQuery,
  AppLogQuery,
  AppLogRepository,
} from "./workflow-logs/repositories/app-logs/app-log-repository.ts";
export { DualWriteAppLogRepository } from "./workflow-logs/repositories/app-logs/dual-write-app-log-repository.ts";
export { ElasticsearchAppLogRepository } from "./workflow-logs/repositories/app-logs/elasticsearch-app-log-repository.ts";
export { PostgresAppLogRepository } from "./workflow-logs/repositories/app-logs/postgres-app-log-repository.ts";
export {
  createRepositories,
  type Repositories,
  type RepositoryChoice,
  type RepositoryChoices,
} from "./workflow-logs/repositories/create-repositories.ts";
export { DualWrite, type DualWriteStats } from "./workflow-logs/repositories/dual-write/dual-write.ts";
export {
  dualWriteDefaults,
  type DualWriteOptions,
  type GivenOptions,
} from "./workflow-logs/repositories/dual-write/options.ts";
export type { Logger, ShadowOptions } from "./workflow-logs/repositories/dual-write/reads/shadow-reads.ts";
export type {
  ApiWorkflowNodeExecutionRepository,
  NodeCounts,
  NodeQuery,
  SnapshotQuery,
} from "./workflow-logs/repositories/node-executions/api-workflow-node-execution-repository.ts";
export { DualWriteApiWorkflowNodeExecutionRepository } from "./workflow-logs/repositories/node-executions/dual-write-api-workflow-node-execution-repository.ts";
export { DualWriteWorkflowNodeExecutionRepository } from "./workflow-logs/repositories/node-executions/dual-write-workflow-node-execution-repository.ts";
export { ElasticsearchApiWorkflowNodeExecutionRepository } from "./workflow-logs/repositories/node-executions/elasticsearch-api-workflow-node-execution-repository.ts";
export { ElasticsearchWorkflowNodeExecutionRepository } from "./workflow-logs/repositories/node-executions/elasticsearch-workflow-node-execution-repository.ts";
export type { NodeExecution } from "./workflow-logs/repositories/node-executions/node-execution.ts";
export type { NodeSnapshot } from "./workflow-logs/repositories/node-executions/node-snapshot.ts";
export type { NodeOrder } from "./workflow-logs/repositories/node-executions/order-executions.ts";
export { PostgresApiWorkflowNodeExecutionRepository } from "./workflow-logs/repositories/node-executions/postgres-api-workflow-node-execution-repository.ts";
export { PostgresWorkflowNodeExecutionRepository } from "./workflow-logs/repositories/node-executions/postgres-workflow-node-execution-repository.ts";
export type {
  NodesOfRunQuery,
  WorkflowNodeExecutionRepository,
} from "./workflow-logs/repositories/node-executions/workflow-node-execution-repository.ts";
export type { LogRecord } from "./workflow-logs/repositories/records/record-kind.ts";
export type {
  ApiWorkflowRunRepository,
  RunBatchQuery,
  RunCountQuery,
  RunCounts,
  RunListQuery,
  RunPage,
} from "./workflow-logs/repositories/workflow-runs/api-workflow-run-repository.ts";
export { DualWriteApiWorkflowRunRepository } from "./workflow-logs/repositories/workflow-runs/dual-write-api-workflow-run-repository.ts";
export { DualWriteWorkflowExecutionRepository } from "./workflow-logs/repositories/workflow-runs/dual-write-workflow-execution-repository.ts";
export { ElasticsearchApiWorkflowRunRepository } from "./workflow-logs/repositories/workflow-runs/elasticsearch-api-workflow-run-repository.ts";
export { ElasticsearchWorkflowExecutionRepository } from "./workflow-logs/repositories/workflow-runs/elasticsearch-workflow-execution-repository.ts";
export { PostgresApiWorkflowRunRepository } from "./workflow-logs/repositories/workflow-runs/postgres-api-workflow-run-repository.ts";
export { PostgresWorkflowExecutionRepository } from "./workflow-logs/repositories/workflow-runs/postgres-workflow-execution-repository.ts";
export type {
  RunStatistics,
  StatisticsQuery,
} from "./workflow-logs/repositories/workflow-runs/statistics/run-statistics.ts";
export type { WorkflowExecutionRepository } from "./workflow-logs/repositories/workflow-runs/workflow-execution-repository.ts";
export type { WorkflowRun } from "./workflow-logs/repositories/workflow-runs/workflow-run.ts";
export { cleanupOldIndices } from "./workflow-logs/retention/cleanup-old-indices.ts";
export type { RetentionOptions } from "./workflow-logs/retention/options.ts";
export type { KeptReason, RetentionReport, SweptIndex } from "./workflow-logs/retention/report.ts";
export { type SealOptions, type Tier } from "./workflow-logs/seal/options.ts";
export type { SealedMonth, SealReport, StayReason } from "./workflow-logs/seal/report.ts";
export { seal, type SealWatch } from "./workflow-logs/seal/seal.ts";
export { retentionSweep } from "./workflow-logs/retention/retention-sweep.ts";
export {
  type RetentionSchedule,
  retentionSchedule,
  type ScheduledResult,
  type ScheduledRun,
  scheduleRetention,
  type ScheduleOptions,
  unscheduleRetention,
} from "./workflow-logs/retention/schedule/schedule.ts";
export { type ChangedRules, changeRules, retentionRules, type RuleChange } from "./workflow-logs/retention/rules.ts";
export type { RetentionWatch } from "./workflow-logs/retention/sweep-context.ts";
export { restoreDefaults, type RestoreOptions } from "./workflow-logs/restore/options.ts";
export type { RestoreFinding, RowCounts } from "./workflow-logs/restore/row-fates.ts";
export type { PartitionCounts, RestoreReport } from "./workflow-logs/restore/report.ts";
export { restore, type RestoreWatch } from "./workflow-logs/restore/restore.ts";
export {
  rollbackRollout,
  type RolloutReport,
  type RolloutRequest,
  setRollout,
} from "./workflow-logs/rollout/set-rollout.ts";
export type { Scope } from "./workflow-logs/partitions/scope.ts";
export {
  type SearchHit,
  searchLogs,
  type SearchOptions,
  type SearchReport,
} from "./workflow-logs/search/search-logs.ts";
export { exportLogs, type ExportReport } from "./workflow-logs/export/export-logs.ts";
export type { ExportOptions } from "./workflow-logs/export/options.ts";
export {
  importLogs,
  type ImportCounts,
  type ImportFinding,
  type ImportOptions,
  type ImportReport,
} from "./workflow-logs/export/import-logs.ts";
export type { SearchFilters } from "./workflow-logs/search/search-filters.ts";
export { showRun, type ShownNode, type ShownRun } from "./workflow-logs/show/show-run.ts";
export type { ShownOffload } from "./workflow-logs/show/shown-offloads.ts";
export { status, type StatusReport } from "./workflow-logs/status.ts";
export { validateDefaults, type ValidateOptions } from "./workflow-logs/validate/options.ts";
export type { ReportedDifference, ValidateReport, ValidateTotals } from "./workflow-logs/validate/report.ts";
export { validate, type ValidateWatch } from "./workflow-logs/validate/validate.ts";
export { runWorker, type WorkerOptions, type WorkerReport, type WorkerWatch } from "./workflow-logs/worker.ts";
export type { Log, SlowLog } from "./engine/log.ts";
