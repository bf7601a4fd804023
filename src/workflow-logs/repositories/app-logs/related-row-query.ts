import { type RawBuilder, sql } from "kysely";
import { quoteIdentifier } from "../../../stores/postgres/table.ts";
import type { RelatedMember, RelatedRows } from "../../documents/related-rows.ts";
import type { OffsetOf } from "../../documents/time-zone.ts";
import { type PrintedRow, recordOfRow } from "../records/read-record.ts";
import { columnOf } from "../records/record-kind.ts";
import { type WorkflowRun, workflowRunKind } from "../workflow-runs/workflow-run.ts";
import { type RelatedToLog, runSummary } from "./app-log.ts";

/** Every column of the related rows as PostgreSQL prints it, under names such as `run.status`. */
export function printedRelated({ members }: RelatedRows): RawBuilder<unknown>[] {
  return members.flatMap(({ name, alias, columns }) =>
    columns.map((column) => sql.raw(`${alias}.${quoteIdentifier(column.name)}::text as "${name}.${column.name}"`)),
  );
}

export function joinsOf({ members }: RelatedRows, names: readonly RelatedMember["name"][]): RawBuilder<unknown> {
  return sql.raw(
    members
      .filter(({ name }) => names.includes(name))
      .map(({ join }) => join)
      .join(" "),
  );
}

/** What was printed, as an app log's entry has it. */
export function relatedOfRow(row: PrintedRow, offsetOf: OffsetOf): RelatedToLog {
  const value = (name: string): string | null => row[name] ?? null;
  const pair = (member: string, column: string): { id: string; text: string } | null => {
    const id = value(`${member}.id`);
    return id === null ? null : { id, text: value(`${member}.${column}`) ?? "" };
  };
  const endUser = pair("end_user", "session_id");
  const account = pair("account", "email");
  return {
    workflowRun: value("run.id") === null ? null : runSummary(runOfRow(row, offsetOf)),
    triggerMetadata: value("trigger.trigger_metadata"),
    endUser: endUser && { id: endUser.id, sessionId: endUser.text },
    account: account && { id: account.id, email: account.text },
  };
}

function runOfRow(row: PrintedRow, offsetOf: OffsetOf): WorkflowRun {
  const fields = Object.keys(workflowRunKind.fields);
  const printed = Object.fromEntries(fields.map((field) => [field, row[`run.${columnOf(field)}`] ?? null]));
  return recordOfRow(workflowRunKind, printed, offsetOf);
}
