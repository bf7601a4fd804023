import type { ColumnText } from "./copy-text.ts";
import type { SchemaVersion } from "./schema.ts";

/** Every table the generator fills, with its columns in the newest schema. */
const columns = {
  tenants: ["id", "name", "plan", "status", "created_at"],
  accounts: ["id", "name", "email", "created_at"],
  end_users: ["id", "tenant_id", "app_id", "type", "session_id", "created_at"],
  workflow_runs: [
    "id",
    "tenant_id",
    "app_id",
    "workflow_id",
    "type",
    "triggered_from",
    "version",
    "graph",
    "inputs",
    "status",
    "outputs",
    "error",
    "elapsed_time",
    "total_tokens",
    "total_steps",
    "created_by_role",
    "created_by",
    "created_at",
    "finished_at",
    "exceptions_count",
  ],
  workflow_app_logs: [
    "id",
    "tenant_id",
    "app_id",
    "workflow_id",
    "workflow_run_id",
    "created_from",
    "created_by_role",
    "created_by",
    "created_at",
  ],
  workflow_node_executions: [
    "id",
    "tenant_id",
    "app_id",
    "workflow_id",
    "triggered_from",
    "workflow_run_id",
    "index",
    "predecessor_node_id",
    "node_execution_id",
    "node_id",
    "node_type",
    "title",
    "inputs",
    "process_data",
    "outputs",
    "status",
    "error",
    "elapsed_time",
    "execution_metadata",
    "created_at",
    "created_by_role",
    "created_by",
    "finished_at",
    "agent_workspace_binding_id",
  ],
  workflow_node_execution_offload: ["id", "created_at", "tenant_id", "app_id", "node_execution_id", "type", "file_id"],
  upload_files: [
    "id",
    "tenant_id",
    "storage_type",
    "key",
    "name",
    "size",
    "extension",
    "mime_type",
    "created_by_role",
    "created_by",
    "created_at",
    "used",
    "used_by",
    "used_at",
    "hash",
    "source_url",
  ],
  conversations: [
    "id",
    "app_id",
    "mode",
    "name",
    "status",
    "from_source",
    "from_end_user_id",
    "from_account_id",
    "created_at",
    "updated_at",
  ],
  messages: [
    "id",
    "app_id",
    "conversation_id",
    "inputs",
    "query",
    "answer",
    "status",
    "error",
    "from_source",
    "from_end_user_id",
    "from_account_id",
    "created_at",
    "updated_at",
    "workflow_run_id",
  ],
  workflow_draft_variables: [
    "id",
    "created_at",
    "updated_at",
    "app_id",
    "last_edited_at",
    "node_id",
    "name",
    "description",
    "selector",
    "value_type",
    "value",
    "visible",
    "editable",
    "node_execution_id",
  ],
  workflow_pauses: [
    "id",
    "created_at",
    "updated_at",
    "workflow_id",
    "workflow_run_id",
    "resumed_at",
    "state_object_key",
  ],
  workflow_pause_reasons: ["id", "created_at", "updated_at", "pause_id", "type_", "form_id", "node_id", "message"],
  workflow_trigger_logs: [
    "id",
    "tenant_id",
    "app_id",
    "workflow_id",
    "workflow_run_id",
    "root_node_id",
    "trigger_metadata",
    "trigger_type",
    "trigger_data",
    "inputs",
    "outputs",
    "status",
    "error",
    "queue_name",
    "celery_task_id",
    "created_by_role",
    "created_by",
    "retry_count",
    "elapsed_time",
    "total_tokens",
    "created_at",
    "triggered_at",
    "finished_at",
  ],
} as const;

export type TableName = keyof typeof columns;
export type Row<T extends TableName> = Readonly<Record<(typeof columns)[T][number], ColumnText>>;
/** A row together with the table it belongs to. */
export type TableRow = { [T in TableName]: { table: T; row: Row<T> } }[TableName];

/** The data types of the archive and the tables they are kept in. */
export const dataTypes = {
  workflow_runs: "workflow_runs",
  app_logs: "workflow_app_logs",
  node_executions: "workflow_node_executions",
} as const satisfies Record<string, TableName>;
export type DataType = keyof typeof dataTypes;

/** Offload came with 1.9, triggers and pauses with 1.10. */
const absentIn18: readonly TableName[] = [
  "workflow_node_execution_offload",
  "workflow_pauses",
  "workflow_pause_reasons",
  "workflow_trigger_logs",
];

export function tablesOf(version: SchemaVersion): TableName[] {
  const all = Object.keys(columns) as TableName[];
  return version === "1.8" ? all.filter((table) => !absentIn18.includes(table)) : all;
}

export function columnsOf(table: TableName, version: SchemaVersion): readonly string[] {
  const all: readonly string[] = columns[table];
  return version === "1.16" ? all : all.filter((column) => column !== "agent_workspace_binding_id");
}
