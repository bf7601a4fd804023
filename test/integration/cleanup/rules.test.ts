import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { KeepReason } from "../../../src/workflow-logs/cleanup/report.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { insertNode, insertOffload, insertRun, type RunToInsert } from "../../support/insert-run.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({});
});
afterAll(() => archive.drop());

interface Case {
  name: string;
  run?: Partial<RunToInsert>;
  /** A statement about the run or its node execution that goes before. */
  runStatement?: string;
  nodeStatement?: string;
  /** Why the run, its app log and its node execution are kept; those that are not named go. */
  kept?: { run?: KeepReason; log?: KeepReason; node?: KeepReason };
}

const whole = (reason: KeepReason) => ({ run: reason, log: "run_kept", node: "run_kept" }) as const;
const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3600_000).toISOString().replace("Z", "");
const trigger = (status: string) =>
  `INSERT INTO workflow_trigger_logs (tenant_id, app_id, workflow_id, workflow_run_id, trigger_metadata, trigger_type, trigger_data, inputs, status, queue_name, created_by_role, created_by, retry_count) VALUES ($1, $1, $1, $1, '', 't', '', '', '${status}', 'q', 'account', '', 0)`;
const pause = (resumedAt: string) =>
  `INSERT INTO workflow_pauses (workflow_id, workflow_run_id, state_object_key, resumed_at) VALUES ($1, $1, 'key', ${resumedAt})`;

const cases: Case[] = [
  { name: "ended" },
  { name: "running", run: { status: "running" }, kept: whole("running") },
  { name: "scheduled", run: { status: "scheduled" }, kept: whole("running") },
  { name: "of an unheard-of status", run: { status: "unheard-of" }, kept: whole("running") },
  { name: "paused", run: { status: "paused" }, kept: whole("paused") },
  {
    name: "created 5 hours ago",
    run: { createdAt: hoursAgo(5) },
    kept: { run: "too_young", log: "too_young", node: "too_young" },
  },
  {
    name: "ended 23 hours ago",
    runStatement: "UPDATE workflow_runs SET finished_at = now() - interval '23 hours' WHERE id = $1",
    kept: whole("too_young"),
  },
  {
    name: "ended 25 hours ago",
    runStatement: "UPDATE workflow_runs SET finished_at = now() - interval '25 hours' WHERE id = $1",
  },
  {
    name: "that ends at infinity",
    runStatement: "UPDATE workflow_runs SET finished_at = 'infinity' WHERE id = $1",
    kept: whole("too_young"),
  },
  { name: "without an end", runStatement: "UPDATE workflow_runs SET finished_at = NULL WHERE id = $1" },
  { name: "that ended at -infinity", runStatement: "UPDATE workflow_runs SET finished_at = '-infinity' WHERE id = $1" },
  { name: "with a pause", runStatement: pause("NULL"), kept: whole("pending_pause") },
  { name: "with a pause that is over", runStatement: pause("now()") },
  { name: "with a trigger at work", runStatement: trigger("retrying"), kept: whole("pending_trigger") },
  { name: "with a trigger that is done", runStatement: trigger("succeeded") },
  {
    name: "of a message",
    runStatement:
      "INSERT INTO messages (app_id, conversation_id, inputs, query, answer, from_source, workflow_run_id) VALUES ($1, $1, '{}', 'q', 'a', 'api', $1)",
    kept: { run: "message", log: "run_kept" },
  },
  { name: "with a running node", run: { nodeStatus: "running" }, kept: { run: "children_left", node: "running" } },
  { name: "with a paused node", run: { nodeStatus: "paused" }, kept: { run: "children_left", node: "paused" } },
  { name: "with an attempt that was repeated", run: { nodeStatus: "retry" } },
  {
    name: "with a node that a draft uses",
    nodeStatement:
      "INSERT INTO workflow_draft_variables (id, app_id, node_id, name, description, selector, value_type, value, visible, editable, node_execution_id) VALUES ($1, $1, 'n', 'v', '', '', 'string', '', true, true, $1)",
    kept: { run: "children_left", node: "draft_variable" },
  },
];

test("each run, app log and node execution is kept for its reason, in a dry run as in the real one, and all others go", async () => {
  const tenantId = randomUUID();
  const expected: Record<string, Record<string, number>> = {};
  const expect1 = (table: string, reason: string): void => {
    const reasons = (expected[table] ??= {});
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  };
  const places = new Map<string, string>();
  const stay = new Set<string>();
  const place = (id: string, name: string, table: string, reason: string | undefined): void => {
    places.set(id, name);
    if (reason === undefined) return;
    stay.add(name);
    expect1(table, reason);
  };
  for (const { name, run, runStatement, nodeStatement, kept = {} } of cases) {
    const { runId, logId, nodeIds } = await insertRun(archive.sql, { tenantId, ...run });
    if (runStatement !== undefined) await archive.sql.query(runStatement, [runId]);
    if (nodeStatement !== undefined) await archive.sql.query(nodeStatement, [nodeIds[0]]);
    place(runId, `run ${name}`, "workflow_runs", kept.run);
    place(logId, `app log of a run ${name}`, "workflow_app_logs", kept.log);
    place(nodeIds[0]!, `node execution of a run ${name}`, "workflow_node_executions", kept.node);
  }
  const lost = await insertRun(archive.sql, { tenantId });
  await insertOffload(archive.sql, tenantId, lost.nodeIds[0]!, "outputs", false);
  place(lost.nodeIds[0]!, "node execution with a lost file", "workflow_node_executions", "offload_unresolved");
  place(lost.runId, "its run", "workflow_runs", "children_left");
  const offloaded = await insertRun(archive.sql, { tenantId });
  for (const type of ["inputs", "outputs"]) await insertOffload(archive.sql, tenantId, offloaded.nodeIds[0]!, type);
  place(offloaded.nodeIds[0]!, "node execution with offload rows", "", undefined);
  const foreign = await insertRun(archive.sql, { tenantId: randomUUID(), status: "running" });
  for (const [name, runId] of [
    ["no", null],
    ["a lost", randomUUID()],
    ["another tenant's", foreign.runId],
  ] as const) {
    place(await insertNode(archive.sql, { tenantId, runId }), `node execution of ${name} run`, "", undefined);
  }
  await migrateOnce(archive);
  const before = "2100-01-01 00:00:00.000000";

  const dry = await cleanupOnce(archive, { tenantId, before, dryRun: true });
  const report = await cleanupOnce(archive, { tenantId, before });

  for (const [table, kept] of Object.entries(expected)) {
    expect(report.byTable[table]!.kept).toEqual(kept);
    expect(dry.byTable[table]).toEqual({ ...report.byTable[table], deleted: 0 });
  }
  expect(report.byTable["workflow_node_execution_offload"]).toMatchObject({ deleted: 2 });
  expect(report.status).toBe("completed_with_findings"); // the lost file
  const { rows } = await archive.sql.query<{ id: string }>(
    "SELECT id::text FROM workflow_runs UNION ALL SELECT id::text FROM workflow_app_logs UNION ALL SELECT id::text FROM workflow_node_executions",
  );
  const left = rows.flatMap(({ id }) => places.get(id) ?? []);
  expect(left.toSorted()).toEqual([...stay].toSorted());
});

test("a run stays while one of its node executions lies behind the date", async () => {
  const tenantId = randomUUID();
  const { runId } = await insertRun(archive.sql, { tenantId, createdAt: "2025-09-30 23:59:59" });
  await migrateOnce(archive, { scope: { tenantIds: [tenantId] } });
  const report = await cleanupOnce(archive, { tenantId, before: "2025-10-01 00:00:00.000000" });
  expect(report.byTable["workflow_runs"]).toMatchObject({ deleted: 0, kept: { children_left: 1 } });
  const { rows } = await archive.sql.query(
    "SELECT count(*)::int AS nodes FROM workflow_node_executions WHERE workflow_run_id = $1",
    [runId],
  );
  expect(rows).toEqual([{ nodes: 1 }]);
});
