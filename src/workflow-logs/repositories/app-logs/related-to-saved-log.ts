import { sql } from "kysely";
import type { Pool } from "pg";
import { inspectTable } from "../../../stores/postgres/table.ts";
import type { ArchiveSettings, Connections } from "../../connections.ts";
import { inspectRelated } from "../../partitions/source-schema.ts";
import { ElasticsearchRecords } from "../records/elasticsearch-records.ts";
import { PostgresRecords } from "../records/postgres-records.ts";
import { type PrintedRow, recordOfDocument } from "../records/read-record.ts";
import { RecordRenderer, searchTextMember } from "../records/render-record.ts";
import { type WorkflowRun, workflowRunKind } from "../workflow-runs/workflow-run.ts";
import { type AppLog, appLogKind, shownOfRun } from "./app-log.ts";
import { joinsOf, printedRelated } from "./related-row-query.ts";

type Members = Readonly<Record<string, string>>;
type Source = Readonly<Record<string, unknown>>;

const platformMembers = ["trigger", "end_user", "account"] as const;

/**
 * What the document of an app log carries beside its columns, looked up when the log is saved: the same as migrate
 * reads with the row.
 */
export class RelatedToSavedLog {
  private readonly pool: Pool;
  private readonly settings: ArchiveSettings;
  private readonly logs: PostgresRecords<AppLog>;
  private readonly runRows: PostgresRecords<WorkflowRun>;
  private readonly runDocuments: ElasticsearchRecords<WorkflowRun>;
  private readonly renderer: RecordRenderer<WorkflowRun>;

  constructor(connections: Connections) {
    this.pool = connections.postgres;
    this.settings = connections.settings;
    this.logs = new PostgresRecords(connections, appLogKind);
    this.runRows = new PostgresRecords(connections, workflowRunKind);
    this.runDocuments = new ElasticsearchRecords(connections, workflowRunKind);
    this.renderer = new RecordRenderer(workflowRunKind, connections.settings);
  }

  /** What is not found now stays as the replaced document has it. */
  async members(log: AppLog, replaced: Source | undefined): Promise<Members> {
    const before = (replaced?.["archive"] ?? {}) as Readonly<Record<string, Source>>;
    const kept = platformMembers.filter((name) => before[name] !== undefined);
    const run = await this.findRun(log);
    return {
      ...(run === undefined ? this.runBefore(before) : this.runMembers(run)),
      ...Object.fromEntries(kept.map((name) => [name, JSON.stringify(before[name])])),
      ...(await this.ofPlatform(log)),
    };
  }

  /**
   * Of the row and the document the one that has ended: who writes one store alone, or one later, leaves the other
   * behind.
   */
  private async findRun({ tenantId, workflowRunId }: AppLog): Promise<WorkflowRun | undefined> {
    const table = await this.runRows.table();
    const row = await this.runRows.find([table.is("tenantId", tenantId), table.is("id", workflowRunId)]);
    const document = await this.runDocuments.get(tenantId, workflowRunId);
    if (row === undefined || document === undefined) return row ?? document;
    return hasEnded(row) || !hasEnded(document) ? row : document;
  }

  private runMembers(run: WorkflowRun): Members {
    return {
      ...searchTextMember([run.inputs, run.outputs], this.settings),
      run: this.renderer.renderFields(run, shownOfRun),
    };
  }

  private runBefore({ run, search_text: text }: Readonly<Record<string, Source>>): Members {
    return {
      ...(text === undefined ? searchTextMember([], this.settings) : { search_text: JSON.stringify(text) }),
      ...(run !== undefined && {
        run: this.renderer.renderFields(recordOfDocument(workflowRunKind, run), shownOfRun),
      }),
    };
  }

  private async ofPlatform(log: AppLog): Promise<Members> {
    const table = await this.logs.table();
    const by = ["tenantId", "workflowRunId", "createdBy"] as const;
    if (!by.every((field) => table.accepts(field, log[field]))) return {};
    const related = await inspectRelated(this.pool, (await inspectTable(this.pool, appLogKind.logType.table))!, "off");
    const shown = { ...related, members: related.members.filter(({ name }) => name !== "run") };
    if (shown.members.length === 0) return {};
    const { rows } = await sql<PrintedRow>`select ${sql.join(printedRelated(shown))}
      from (select ${table.value("tenantId", log.tenantId)} as tenant_id, ${table.value("workflowRunId", log.workflowRunId)} as workflow_run_id,
                   ${table.value("createdBy", log.createdBy)} as created_by, ${log.createdByRole}::text as created_by_role) t
      ${joinsOf(shown, platformMembers)}`.execute(this.logs.db);
    const found = shown.members.filter(({ name }) => rows[0]![`${name}.id`] !== null);
    return Object.fromEntries(
      found.map(({ name, columns }) => {
        const fields = columns.map((column) => [column.name, rows[0]![`${name}.${column.name}`]]);
        return [name, JSON.stringify(Object.fromEntries(fields))];
      }),
    );
  }
}

function hasEnded({ status }: WorkflowRun): boolean {
  return workflowRunKind.logType.endedStatuses!.has(status);
}
