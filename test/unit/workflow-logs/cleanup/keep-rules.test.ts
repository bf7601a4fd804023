import { expect, test } from "vitest";
import type { Table } from "../../../../src/stores/postgres/table.ts";
import { keepReason, parseReason, type RuleContext } from "../../../../src/workflow-logs/cleanup/keep-rules.ts";
import type { DataType } from "../../../../src/workflow-logs/partitions/log-types.ts";

function table(name: string, columns: Record<string, string>): Table {
  return {
    sqlName: `public.${name}`,
    name,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type }) as Table["columns"][number]),
    indexes: [],
    idIsUnique: true,
    textIsUnchecked: false,
    brinColumns: [],
    estimatedRows: 0,
  };
}

const time = { created_at: "timestamp" };
const logTables = {
  runs: table("workflow_runs", { ...time, finished_at: "timestamp" }),
  nodes: table("workflow_node_executions", { ...time, finished_at: "timestamptz" }),
  logs: table("workflow_app_logs", time),
  offloads: undefined,
};

const noKeys = { all: [], oids: [], acting: [] };

/** A platform with the log tables alone. */
const bare: RuleContext = {
  related: {
    ...logTables,
    files: undefined,
    pauses: undefined,
    triggers: undefined,
    messages: undefined,
    drafts: undefined,
  },
  references: {
    messages: undefined,
    drafts: undefined,
    foreignKeys: { ...noKeys, byType: { workflow_runs: [], app_logs: [], node_executions: [] } },
  },
  hasState: true,
  timeZone: "Asia/Shanghai",
  cutoff: "2025-10-01 00:00:00.000000",
  children: [],
};

/** A platform with every table that a rule looks at. */
const whole: RuleContext = {
  ...bare,
  related: {
    ...logTables,
    offloads: table("workflow_node_execution_offload", {}),
    files: table("upload_files", {}),
    pauses: table("workflow_pauses", {}),
    triggers: table("workflow_trigger_logs", {}),
    messages: table("messages", {}),
    drafts: table("workflow_draft_variables", {}),
  },
  references: {
    messages: (id) => `message_of(${id})`,
    drafts: (id) => `draft_of(${id})`,
    foreignKeys: {
      ...noKeys,
      byType: {
        workflow_runs: [{ label: "audit of it's", holds: (alias) => `audited(${alias}.id)` }],
        app_logs: [],
        node_executions: [],
      },
    },
  },
  children: [(id) => `nodes_of(${id})`, (id) => `logs_of(${id})`],
};

/** The reasons that a row itself may have, in the order in which they are asked. */
function reasons(dataType: DataType, context: RuleContext): string[] {
  const own = keepReason(dataType, context).replace(/ or case when .* end is not null/s, "");
  return [...own.matchAll(/ then '(\w+)(?: (?:[^']|'')*)?'/g)].map(([, reason]) => reason!);
}

test("rules of tables that a version of the platform has not, do not apply", () => {
  expect(reasons("workflow_runs", bare)).toEqual(["record_error", "paused", "running", "too_young"]);
  expect(reasons("app_logs", bare)).toEqual(["record_error", "too_young", "run_kept"]);
  expect(reasons("node_executions", bare)).toEqual(["record_error", "paused", "running", "too_young", "run_kept"]);
});

test("a run is asked for all that may still need it, and at last for what is left of it", () => {
  expect(reasons("workflow_runs", whole)).toEqual([
    "record_error",
    "paused",
    "running",
    "too_young",
    "pending_pause",
    "pending_trigger",
    "message",
    "foreign_key",
    "children_left",
    "children_left",
  ]);
});

test("a node execution is kept for its draft and for contents that its document lacks", () => {
  expect(reasons("node_executions", whole)).toEqual([
    "record_error",
    "paused",
    "running",
    "too_young",
    "draft_variable",
    "offload_unresolved",
    "run_kept",
  ]);
});

test("app logs stay with a run that stays, whatever keeps it, node executions with one that has not ended, and both with one that is not asked to go", () => {
  for (const dataType of ["node_executions", "app_logs"] as const) {
    const sql = keepReason(dataType, whole);
    expect(sql).toContain("r.id = t.workflow_run_id and r.tenant_id = t.tenant_id");
    expect(sql).toContain("r.created_at >= '2025-10-01 00:00:00.000000'");
    expect(sql).toContain("p.resumed_at is null");
    for (const reference of ["message_of(r.id)", "audited(r.id)"])
      expect(sql.includes(reference)).toBe(dataType === "app_logs");
    expect(sql).not.toContain("nodes_of("); // a run that waits for its own children would keep them
  }
});

test("an unknown status counts as running, and a repeated attempt of a node as ended", () => {
  expect(keepReason("workflow_runs", bare)).toMatch(
    /\(t\.status::text = any\(array\['[^\]]+\]::text\[\]\)\) is not true then 'running'/,
  );
  expect(keepReason("node_executions", bare)).toContain("'retry']::text[]");
  expect(keepReason("workflow_runs", bare)).not.toContain("'retry'");
});

test("ages are compared in the zone of a column that has none", () => {
  expect(keepReason("workflow_runs", bare)).toContain(
    "t.finished_at < (now() - interval '24 hours') at time zone 'Asia/Shanghai'",
  );
  expect(keepReason("node_executions", bare)).toContain("t.finished_at < now() - interval '24 hours'");
});

test("the foreign key that keeps a row is said beside the reason", () => {
  expect(keepReason("workflow_runs", whole)).toContain("when audited(t.id) then 'foreign_key audit of it''s'");
  expect(parseReason("foreign_key audit of it's")).toEqual({ reason: "foreign_key", heldBy: "audit of it's" });
  expect(parseReason("too_young")).toEqual({ reason: "too_young" });
});
