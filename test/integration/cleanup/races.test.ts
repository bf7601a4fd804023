import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PurgeStep } from "../../../src/workflow-logs/cleanup/delete-rows.ts";
import { cleanupOnce, deletedRows, keptRows } from "../../support/cleanup-archive.ts";
import { type InsertedRun, insertNode, insertOffload, insertRun } from "../../support/insert-run.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({});
});
afterAll(() => archive.drop());

interface Scene extends InsertedRun {
  tenantId: string;
}

/** A tenant with a run of three node executions, all copied. */
async function scene(): Promise<Scene> {
  const tenantId = randomUUID();
  const run = await insertRun(archive.sql, { tenantId, nodes: 3 });
  await migrateOnce(archive, { scope: { tenantIds: [tenantId] } });
  return { tenantId, ...run };
}

/**
 * Does `change` the first time a step is reached while rows of `table` are purged: the tables come in a fixed order.
 */
function once(step: PurgeStep, change: () => Promise<unknown>, occurrence = 1): (now: PurgeStep) => Promise<void> {
  let seen = 0;
  return async (now) => {
    if (now === step && ++seen === occurrence) await change();
  };
}

async function idsIn(table: string, ids: readonly string[]): Promise<string[]> {
  const { rows } = await archive.sql.query<{ id: string }>(`SELECT id::text AS id FROM ${table} WHERE id = ANY($1)`, [
    ids,
  ]);
  return rows.map(({ id }) => id);
}

test.each(["compared", "begun", "offloads_deleted"] as const)(
  "a row updated after it was compared (%s) stays with what it holds now",
  async (step) => {
    const { tenantId, nodeIds, runId } = await scene();
    const update = (): Promise<unknown> =>
      archive.sql.query("UPDATE workflow_node_executions SET outputs = 'new' WHERE id = $1", [nodeIds[1]]);

    const report = await cleanupOnce(archive, { tenantId, atStep: once(step, update) });

    expect(keptRows(report)).toEqual({ different: 1, children_left: 1 });
    expect(await idsIn("workflow_node_executions", nodeIds)).toEqual([nodeIds[1]]);
    expect(await idsIn("workflow_runs", [runId])).toEqual([runId]);
    const { rows } = await archive.sql.query("SELECT outputs FROM workflow_node_executions WHERE id = $1", [
      nodeIds[1],
    ]);
    expect(rows).toEqual([{ outputs: "new" }]);

    await migrateOnce(archive, { scope: { tenantIds: [tenantId] }, restart: true });
    expect(keptRows(await cleanupOnce(archive, { tenantId }))).toEqual({});
    expect(await idsIn("workflow_runs", [runId])).toEqual([]);
  },
);

test("a row that changes at every try is kept as changed, without those beside it", async () => {
  const { tenantId, nodeIds } = await scene();
  const report = await cleanupOnce(archive, {
    tenantId,
    dataTypes: ["node_executions"],
    // the same content again: only its version tells that it was written
    atStep: async (step) => {
      if (step === "begun")
        await archive.sql.query("UPDATE workflow_node_executions SET title = title WHERE id = $1", [nodeIds[0]]);
    },
  });
  expect(report.byTable["workflow_node_executions"]).toMatchObject({ deleted: 2, kept: { changed: 1 } });
  expect(report.status).toBe("completed_with_findings");
});

test.each(["compared", "begun", "rows_deleted"] as const)(
  "an offload row added after its node execution was compared (%s) keeps both",
  async (step) => {
    const { tenantId, nodeIds } = await scene();
    let offload = "";
    const add = async (): Promise<void> => {
      offload = await insertOffload(archive.sql, tenantId, nodeIds[2]!, "outputs");
    };
    const report = await cleanupOnce(archive, { tenantId, dataTypes: ["node_executions"], atStep: once(step, add) });
    expect(report.byTable["workflow_node_executions"]).toMatchObject({ deleted: 2, kept: { different: 1 } });
    expect(await idsIn("workflow_node_executions", nodeIds)).toEqual([nodeIds[2]]);
    expect(await idsIn("workflow_node_execution_offload", [offload])).toEqual([offload]);
  },
);

test("an offload row that changed since keeps its node execution", async () => {
  const tenantId = randomUUID();
  const { nodeIds } = await insertRun(archive.sql, { tenantId });
  const offload = await insertOffload(archive.sql, tenantId, nodeIds[0]!, "outputs");
  await migrateOnce(archive, { scope: { tenantIds: [tenantId] } });
  const change = (): Promise<unknown> =>
    archive.sql.query("UPDATE workflow_node_execution_offload SET app_id = $1 WHERE id = $2", [randomUUID(), offload]);
  const report = await cleanupOnce(archive, { tenantId, atStep: once("begun", change) });
  expect(keptRows(report)).toEqual({ different: 1, children_left: 1 });
  expect(await idsIn("workflow_node_execution_offload", [offload])).toEqual([offload]);
});

test.each(["compared", "begun", "rows_deleted"] as const)(
  "a node execution added to a run after the run was compared (%s) keeps the run",
  async (step) => {
    const { tenantId, runId } = await scene();
    let node = "";
    const add = async (): Promise<void> => {
      node = await insertNode(archive.sql, { tenantId, runId });
    };
    // node executions, app logs, runs: one batch each
    const report = await cleanupOnce(archive, { tenantId, atStep: once(step, add, 3) });
    expect(report.byTable["workflow_runs"]).toMatchObject({ deleted: 0, kept: { children_left: 1 } });
    expect(await idsIn("workflow_runs", [runId])).toEqual([runId]);
    expect(await idsIn("workflow_node_executions", [node])).toEqual([node]);
  },
);

test("a run that is continued after its node executions were read keeps them", async () => {
  const { tenantId, runId, nodeIds } = await scene();
  const resume = (): Promise<unknown> =>
    archive.sql.query("UPDATE workflow_runs SET status = 'running', finished_at = NULL WHERE id = $1", [runId]);
  const report = await cleanupOnce(archive, { tenantId, atStep: once("begun", resume) });
  expect(keptRows(report)).toEqual({ run_kept: 4, running: 1 });
  expect(await idsIn("workflow_node_executions", nodeIds)).toHaveLength(3);
});

test("a row that others hold a lock on is waited for briefly, left alone when it stays locked, and deleted when it is free", async () => {
  const { tenantId, nodeIds } = await scene();
  const other = new Client({ connectionString: archive.databaseUrl });
  await other.connect();
  try {
    await other.query("BEGIN");
    await other.query("SELECT FROM workflow_node_executions WHERE id = $1 FOR UPDATE", [nodeIds[0]]);
    const held = await cleanupOnce(archive, { tenantId, dataTypes: ["node_executions"] });
    expect(held.byTable["workflow_node_executions"]).toMatchObject({ deleted: 2, kept: { locked: 1 } });
    expect(held.status).toBe("completed_with_findings");

    const release = (): Promise<unknown> => other.query("ROLLBACK");
    const freed = await cleanupOnce(archive, {
      tenantId,
      dataTypes: ["node_executions"],
      atStep: once("begun", release, 2),
    });
    expect(freed.byTable["workflow_node_executions"]).toMatchObject({ deleted: 1, kept: {} });
  } finally {
    await other.end();
  }
});

test("rows that the platform's own cleanup deletes meanwhile are neither deleted nor kept", async () => {
  const { tenantId, nodeIds } = await scene();
  const remove = (): Promise<unknown> =>
    archive.sql.query("DELETE FROM workflow_node_executions WHERE id = $1", [nodeIds[0]]);
  const report = await cleanupOnce(archive, { tenantId, atStep: once("begun", remove) });
  expect(report.byTable["workflow_node_executions"]).toMatchObject({ rows: 3, deleted: 2, kept: {} });
  expect(report.status).toBe("completed");
});

test("an index lost while its partition is purged ends the run with what was deleted until then", async () => {
  const { tenantId, nodeIds } = await scene();
  const lose = async (): Promise<void> => {
    await fetch(`${archive.elasticsearchUrl}/${archive.prefix}-workflow-node-executions-${tenantId}-2025.09`, {
      method: "DELETE",
    });
  };
  const purge = cleanupOnce(archive, { tenantId, atStep: once("read", lose) });
  await expect(purge).resolves.toMatchObject({ status: "completed_with_findings" });
  expect(deletedRows(await purge)).toBe(1); // its app log
  expect(await idsIn("workflow_node_executions", nodeIds)).toHaveLength(3);
});
