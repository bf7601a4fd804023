import {
  type Config,
  dataTypes,
  ElasticsearchApiWorkflowRunRepository,
  ElasticsearchAppLogRepository,
  ElasticsearchApiWorkflowNodeExecutionRepository,
  noProgress,
  openArchive,
  type OpenArchive,
  retentionSweep,
} from "log-archive";

/** The service of the migration guide's retention snippet. Close it at the end. */
export class ElasticsearchMigrationService implements AsyncDisposable {
  readonly workflowRuns: ElasticsearchApiWorkflowRunRepository;
  readonly appLogs: ElasticsearchAppLogRepository;
  readonly nodeExecutions: ElasticsearchApiWorkflowNodeExecutionRepository;
  private readonly archive: OpenArchive;

  static async open(config: Config): Promise<ElasticsearchMigrationService> {
    return new ElasticsearchMigrationService(await openArchive(config));
  }

  private constructor(archive: OpenArchive) {
    this.archive = archive;
    this.workflowRuns = new ElasticsearchApiWorkflowRunRepository(archive.connections);
    this.appLogs = new ElasticsearchAppLogRepository(archive.connections);
    this.nodeExecutions = new ElasticsearchApiWorkflowNodeExecutionRepository(archive.connections);
  }

  /** Every tenant that has an index, also one that the platform knows no more. */
  async getAllTenantIds(): Promise<string[]> {
    const { indices } = await retentionSweep(
      this.archive.connections,
      { tenantIds: [], dataTypes, dryRun: true, operator: "getAllTenantIds" },
      { signal: new AbortController().signal, progress: noProgress },
    );
    return [...new Set(indices.map(({ tenantId }) => tenantId))].toSorted();
  }

  /** What is past its retention goes, month by month. Rules and holds of the tenant go before the days. */
  async cleanUp(tenantId: string, retentionDays: number): Promise<string[]> {
    const reports = [
      await this.nodeExecutions.cleanupOldIndices(tenantId, retentionDays),
      await this.appLogs.cleanupOldIndices(tenantId, retentionDays),
      await this.workflowRuns.cleanupOldIndices(tenantId, retentionDays),
    ];
    return reports.flatMap(({ indices }) =>
      indices.flatMap(({ name, action }) => (action === "deleted" ? [name] : [])),
    );
  }

  close(): Promise<void> {
    return this.archive.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
