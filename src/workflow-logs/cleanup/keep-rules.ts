import { hasColumn, quoteLiteral, type Table } from "../../stores/postgres/table.ts";
import { type DataType, logTypes } from "../partitions/log-types.ts";
import type { Reference } from "./tables/id-tables.ts";
import type { References, RelatedTables } from "./tables/related-tables.ts";
import type { KeepReason } from "./report.ts";

export interface RuleContext {
  readonly related: RelatedTables;
  readonly references: References;
  readonly timeZone: string;
  /** Rows created from here on are not asked to go; in the source's own time. */
  readonly cutoff: string;
  /** What we remember of rows is there to be asked; without it nothing was archived yet. */
  readonly hasState: boolean;
  /** What is left of runs; undefined where nothing of them matters. */
  readonly children: readonly Reference[];
}

/**
 * Rows that ended or were written less than this ago are kept: the platform stores the end of a run through queues, in
 * several writes and with retries, so that the last ones come after a run says that it has ended.
 */
const ageMargin = "24 hours";

/** An attempt that was repeated has its own row up to Dify 1.8 and stays `retry` for ever. */
const endedStatuses: Readonly<Partial<Record<DataType, readonly string[]>>> = {
  workflow_runs: [...logTypes.workflow_runs.endedStatuses!],
  node_executions: [...logTypes.node_executions.endedStatuses!, "retry"],
};

/** After these a trigger does nothing more with its run. */
const finalTriggerStatuses = ["succeeded", "failed", "partial-succeeded", "stopped"];

type Rule = readonly [condition: string, reason: KeepReason, heldBy?: string];

/**
 * SQL: why the row `t` of a log table is to be kept, whatever the archive holds; NULL when it may go. A blank and what
 * holds the row may follow the reason: parseReason reads both.
 */
export function keepReason(dataType: DataType, context: RuleContext): string {
  const rules: Readonly<Record<DataType, () => Rule[]>> = {
    workflow_runs: () => [
      ...runRules("t", context),
      ...context.children.map((child): Rule => [child("t.id"), "children_left"]),
    ],
    node_executions: () => [...nodeRules(context), [runStays(context, unfinishedRunRules("r", context)), "run_kept"]],
    app_logs: () => [
      ...recordError("app_logs", "t", context),
      ...youngRules("t", context.related.logs, context),
      ...foreignKeyRules("t", "app_logs", context),
      [runStays(context, runRules("r", context)), "run_kept"],
    ],
  };
  return firstOf(rules[dataType]());
}

function runRules(alias: string, context: RuleContext): Rule[] {
  const { messages } = context.references;
  return [
    ...unfinishedRunRules(alias, context),
    ...(messages === undefined ? [] : [[messages(`${alias}.id`), "message"] as const]),
    ...foreignKeyRules(alias, "workflow_runs", context),
  ];
}

/**
 * What keeps a run because something may still happen to it, or because it is not archived: not what only refers to its
 * row.
 */
function unfinishedRunRules(alias: string, context: RuleContext): Rule[] {
  const { related } = context;
  const rules: Rule[] = [
    ...recordError("workflow_runs", alias, context),
    ...endedRules(alias, "workflow_runs"),
    ...youngRules(alias, related.runs, context),
  ];
  if (related.pauses !== undefined) {
    const pending = `exists (select from ${related.pauses.sqlName} p where p.workflow_run_id = ${alias}.id and p.resumed_at is null)`;
    rules.push([pending, "pending_pause"]);
  }
  if (related.triggers !== undefined) {
    const pending = `exists (select from ${related.triggers.sqlName} g where g.workflow_run_id = ${alias}.id and g.status::text <> all(${textArray(finalTriggerStatuses)}))`;
    rules.push([pending, "pending_trigger"]);
  }
  return rules;
}

function foreignKeyRules(alias: string, dataType: DataType, { references }: RuleContext): Rule[] {
  return references.foreignKeys.byType[dataType].map(({ holds, label }): Rule => [holds(alias), "foreign_key", label]);
}

function nodeRules(context: RuleContext): Rule[] {
  const { related, references } = context;
  const rules: Rule[] = [
    ...recordError("node_executions", "t", context),
    ...endedRules("t", "node_executions"),
    ...youngRules("t", related.nodes, context),
  ];
  if (references.drafts !== undefined) rules.push([references.drafts("t.id"), "draft_variable"]);
  if (related.offloads !== undefined) {
    const fileGone =
      related.files === undefined
        ? "true"
        : `not exists (select from ${related.files.sqlName} f where f.id = o.file_id)`;
    const notInDocument = context.hasState
      ? "exists (select from log_archive.unresolved_contents u where u.record_id = t.id::text)"
      : "false";
    const unresolved = `(${notInDocument} or exists (select from ${related.offloads.sqlName} o where o.node_execution_id = t.id and ${fileGone}))`;
    rules.push([unresolved, "offload_unresolved"]);
  }
  return [...rules, ...foreignKeyRules("t", "node_executions", context)];
}

/**
 * The row's run lies behind the date, or a rule keeps it. An app log stays with the row of its run, for lists join the
 * two. Node executions stay only with a run that has not ended: on a chat platform messages keep the row of nearly
 * every run, and its node executions are nearly all of the bytes. Runs of other tenants do not count.
 */
function runStays(context: RuleContext, rules: readonly Rule[]): string {
  return `exists (select from ${context.related.runs.sqlName} r where r.id = t.workflow_run_id and r.tenant_id = t.tenant_id
    and (r.created_at >= ${quoteLiteral(context.cutoff)} or ${firstOf(rules)} is not null))`;
}

function recordError(dataType: DataType, alias: string, { hasState }: RuleContext): Rule[] {
  const refused = `exists (select from log_archive.record_errors e where e.data_type = '${dataType}' and e.record_id = ${alias}.id::text)`;
  return hasState ? [[refused, "record_error"]] : [];
}

function endedRules(alias: string, dataType: DataType): Rule[] {
  const ended = `${alias}.status::text = any(${textArray(endedStatuses[dataType]!)})`;
  return [
    [`${alias}.status::text = 'paused'`, "paused"],
    [`(${ended}) is not true`, "running"],
  ];
}

/** By the server's clock, at the time of the statement. */
function youngRules(alias: string, table: Table, { timeZone }: RuleContext): Rule[] {
  const isOld = (column: string): string => {
    const type = table.columns.find(({ name }) => name === column)!.type;
    const margin = `now() - interval '${ageMargin}'`;
    return `${alias}.${column} < ${type === "timestamptz" ? margin : `(${margin}) at time zone ${quoteLiteral(timeZone)}`}`;
  };
  const ended = hasColumn(table, "finished_at") ? ` and (${alias}.finished_at is null or ${isOld("finished_at")})` : "";
  return [[`(${isOld("created_at")}${ended}) is not true`, "too_young"]];
}

function firstOf(rules: readonly Rule[]): string {
  const said = ([, reason, heldBy]: Rule): string =>
    quoteLiteral(heldBy === undefined ? reason : `${reason} ${heldBy}`);
  return `case ${rules.map((rule) => `when ${rule[0]} then ${said(rule)}`).join(" ")} end`;
}

/** What `keepReason` says of a row. */
export function parseReason(text: string): { readonly reason: KeepReason; readonly heldBy?: string } {
  const [reason, ...heldBy] = text.split(" ");
  return { reason: reason as KeepReason, ...(heldBy.length > 0 && { heldBy: heldBy.join(" ") }) };
}

function textArray(values: readonly string[]): string {
  return `array[${values.map(quoteLiteral).join(", ")}]::text[]`;
}
