import { randomUUID } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { createPrng } from "../../../dev/sample-logs/prng.ts";
import { DualWriteApiWorkflowNodeExecutionRepository } from "../../../src/workflow-logs/repositories/node-executions/dual-write-api-workflow-node-execution-repository.ts";
import { dumpLogs, restoreOnce } from "../../integration/restore/restore-archive.ts";
import { validateOnce } from "../../integration/validate/validate-once.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce } from "../../support/capture.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { startApplication, type TestApplication } from "../../support/dual-write.ts";
import { insertRun } from "../../support/insert-run.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

/** Point 12 of the mends: what is true of a chat platform's logs whatever is done with them, and in whatever order. */
const [seeds, steps] = process.env["TEST_FULL"] === "1" ? [20, 30] : [1, 7];

interface ModelRun {
  readonly id: string;
  readonly nodeIds: readonly string[];
  readonly logId: string;
  hasMessage: boolean;
  isEnded: boolean;
  isDeleted: boolean;
}

let archive: TestArchive;
let application: TestApplication;
afterEach(async () => {
  await application.drop();
  await archive.drop();
});

test.each(Array.from({ length: seeds }, (_, seed) => seed + 1))(
  "purge, restore, deletion and validation in any order keep every log readable, once, and the rows that messages need (seed %i)",
  async (seed) => {
    const random = createPrng(`${seed}`);
    const tenantId = randomUUID();
    archive = await createTestArchive({ tenants: 1 });
    const { sql } = archive;
    const runs: ModelRun[] = [];
    for (let at = 0; at < 12; at++) {
      const [hasMessage, isEnded] = [random.integer(0, 2) > 0, random.integer(0, 4) > 0];
      const status = isEnded ? "succeeded" : "running";
      const createdAt = random.integer(0, 1) === 0 ? "2025-09-10 10:00:00" : "2025-10-10 10:00:00";
      const { runId, nodeIds, logId } = await insertRun(sql, {
        tenantId,
        nodes: random.integer(1, 4),
        status,
        createdAt,
      });
      runs.push({ id: runId, nodeIds, logId, hasMessage, isEnded, isDeleted: false });
      if (hasMessage)
        await sql.query(
          "INSERT INTO messages (app_id, conversation_id, inputs, query, answer, from_source, workflow_run_id) VALUES ($1, $1, '{}', 'q', 'a', 'api', $1)",
          [runId],
        );
    }
    const original = await dumpLogs(sql);
    await migrateOnce(archive);
    await installOnce(archive);
    application = await startApplication(archive);
    const nodes = new DualWriteApiWorkflowNodeExecutionRepository(application.dualWrite);

    const operations: Record<string, () => Promise<void>> = {
      cleanup: async () => {
        await applyOnce(archive);
        await cleanupOnce(archive, { tenantId });
        const there = await dumpLogs(sql);
        for (const run of runs.filter(({ isDeleted }) => !isDeleted)) {
          expect(run.id in there["workflow_runs"]!).toBe(run.hasMessage || !run.isEnded);
          for (const id of run.nodeIds) expect(id in there["workflow_node_executions"]!).toBe(!run.isEnded);
        }
      },
      restore: async () => {
        expect(await restoreOnce(archive, tenantId)).toMatchObject({ status: "completed", lost: 0, findings: [] });
        const kept = runs.filter(({ isDeleted }) => !isDeleted);
        const rows = (table: string, ids: readonly string[]): Record<string, string> =>
          Object.fromEntries(ids.toSorted().map((id) => [id, original[table]![id]!]));
        const there = await dumpLogs(sql);
        expect(there["workflow_runs"]).toEqual(
          rows(
            "workflow_runs",
            kept.map(({ id }) => id),
          ),
        );
        expect(there["workflow_app_logs"]).toEqual(
          rows(
            "workflow_app_logs",
            kept.map(({ logId }) => logId),
          ),
        );
        expect(there["workflow_node_executions"]).toEqual(
          rows(
            "workflow_node_executions",
            kept.flatMap(({ nodeIds }) => nodeIds),
          ),
        );
      },
      validate: async () => {
        await applyOnce(archive);
        expect(await validateOnce(archive, { level: "full" })).toMatchObject({ status: "match", differences: [] });
      },
      migrate: async () => {
        expect((await migrateOnce(archive)).status).toBe("completed");
      },
      "delete a message": async () => {
        const run = runs.find(({ hasMessage }) => hasMessage);
        if (run === undefined) return;
        await sql.query("DELETE FROM messages WHERE workflow_run_id = $1", [run.id]);
        run.hasMessage = false;
      },
      "delete a run as the platform does": async () => {
        const { rows } = await sql.query<{ id: string }>(
          "SELECT id::text AS id FROM workflow_runs ORDER BY id LIMIT 1",
        );
        const run = runs.find(({ id }) => id === rows[0]?.id);
        if (run === undefined) return;
        for (const table of ["workflow_node_executions", "workflow_app_logs"])
          await sql.query(`DELETE FROM ${table} WHERE workflow_run_id = $1`, [run.id]);
        await sql.query("DELETE FROM workflow_runs WHERE id = $1", [run.id]);
        run.isDeleted = true;
      },
      "follow deletes": async () => {
        await applyOnce(archive, { followDeletes: true });
        for (const { id, isDeleted } of runs)
          if (isDeleted) expect(await nodes.getExecutionsByWorkflowRun(tenantId, tenantId, id)).toEqual([]);
      },
    };

    const done: string[] = [];
    for (let step = 0; step < steps; step++) {
      const names = Object.keys(operations);
      const name = step === 0 ? "cleanup" : names[random.integer(0, names.length - 1)]!;
      done.push(name);
      await operations[name]!();
      for (const { id, nodeIds, isDeleted } of runs) {
        if (isDeleted) continue;
        const found = await nodes.getExecutionsByWorkflowRun(tenantId, tenantId, id);
        expect(found.map((node) => node.id).toSorted(), done.join(", ")).toEqual(nodeIds.toSorted());
        expect((await application.runs.getWorkflowRunById(tenantId, tenantId, id))?.id, done.join(", ")).toBe(id);
      }
    }
    expect(done).toContain("cleanup");
  },
  600_000,
);
