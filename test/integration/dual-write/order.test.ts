import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newRun } from "../../contract/workflow-runs/saves.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { dirtyRecords, startApplication, type TestApplication } from "../../support/dual-write.ts";
import { type RequestGate, startRequestGate } from "../../support/request-gate.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";

const { tenantId } = newRun();

let archive: TestArchive;
let gate: RequestGate;
/** Two processes; the requests of the first can be kept back. */
let slow: TestApplication;
let quick: TestApplication;

beforeEach(async () => {
  archive = await createTestArchive({ tenants: 1 });
  gate = await startRequestGate(archive.elasticsearchUrl);
  slow = await startApplication({ ...archive, elasticsearchUrl: gate.url }, { budgetMillis: 60_000 });
  quick = await startApplication(archive);
  for (const application of [slow, quick]) await application.setModes(tenantId, { write: "both", read: "postgres" });
});
afterEach(async () => {
  gate.release();
  await slow.drop();
  await quick.drop();
  await gate.close();
  await archive.drop();
});

async function documentOf(id: string): Promise<Record<string, unknown> | undefined> {
  const url = `${archive.elasticsearchUrl}/${archive.prefix}-workflow-runs-${tenantId}-2025.05/_doc/${id}`;
  const { _source } = (await (await fetch(url)).json()) as { _source?: Record<string, unknown> };
  return _source;
}

describe("a second write that is late", () => {
  it.each(["new", "known"])("never puts an older row over a newer one: a run that is %s", async (kind) => {
    const run = newRun();
    if (kind === "known") {
      await quick.executions.save(run);
      await quick.dualWrite.idle();
    }
    const held = gate.hold(/_bulk/);
    await slow.executions.save({ ...run, status: "paused" });
    await held; // its row was read, its request is on the way
    await quick.executions.save({ ...run, status: "succeeded" });
    await quick.dualWrite.idle();
    expect((await documentOf(run.id))?.["status"]).toBe("succeeded");

    gate.release();
    await slow.dualWrite.idle();
    expect((await documentOf(run.id))?.["status"]).toBe("succeeded");
    expect((await compareStores(archive)).differences).toEqual([]);
  });

  it("never puts a row over one that the platform wrote itself and apply-dirty copied", async () => {
    const run = newRun();
    const held = gate.hold(/_bulk/);
    await slow.executions.save(run);
    await held;
    await archive.sql.query("UPDATE workflow_runs SET status = 'stopped' WHERE id = $1", [run.id]);
    await archive.sql.query(
      "INSERT INTO log_archive.dirty_rows (data_type, record_id, operation, tenant_id) VALUES ('workflow_runs', $1, 'T', $2)",
      [run.id, tenantId],
    );
    await applyOnce(archive, { untilEmpty: true });
    gate.release();
    await slow.dualWrite.idle();
    expect((await compareStores(archive)).differences).toEqual([]);
  });

  it("leaves no document of a run that was deleted meanwhile", async () => {
    const run = newRun();
    const held = gate.hold(/_bulk/);
    await slow.executions.save(run);
    await held;
    expect(await quick.runs.deleteRunsByIds(tenantId, [run.id])).toBe(1);
    await quick.dualWrite.idle();
    gate.release();
    await slow.dualWrite.idle();
    expect(await documentOf(run.id)).toBeUndefined();
  });
});

describe("writes of one run in quick succession", () => {
  it("are in Elasticsearch as the last of them", async () => {
    const runs = Array.from({ length: 20 }, () => newRun());
    for (let version = 0; version < 10; version++)
      await Promise.all(runs.map((run) => quick.executions.save({ ...run, totalTokens: BigInt(version) })));
    await quick.dualWrite.idle();
    expect(await compareStores(archive)).toMatchObject({ differences: [], documents: 20 });
    expect((await documentOf(runs[0]!.id))?.["total_tokens"]).toBe(9);
    expect(await dirtyRecords(archive.sql)).toEqual([]);
  });
});

describe("a write into a partition that is being copied", () => {
  it("leaves a dirty row, also without capture: an older page may be on its way", async () => {
    await quick.executions.save(newRun());
    await quick.dualWrite.idle();
    expect(await dirtyRecords(archive.sql)).toEqual([]);
    await archive.sql.query(
      `INSERT INTO log_archive.partitions (data_type, tenant_id, month, state, index_name, index_uuid)
       VALUES ('workflow_runs', $1, '2025-05', 'copying', 'x', 'x')`,
      [tenantId],
    );
    const run = newRun();
    await quick.executions.save(run);
    await quick.dualWrite.idle();
    expect(await dirtyRecords(archive.sql)).toEqual([`T workflow_runs ${run.id}`]);
  });
});

describe("a write into a month that retention dropped", () => {
  it("stays in PostgreSQL and makes no index", async () => {
    await archive.sql.query(
      `INSERT INTO log_archive.partitions (data_type, tenant_id, month, state, index_name, index_uuid)
       VALUES ('workflow_runs', $1, '2025-05', 'expired', 'x', 'x')`,
      [tenantId],
    );
    const run = newRun();
    await quick.executions.save(run);
    await quick.dualWrite.idle();
    expect(await documentOf(run.id)).toBeUndefined();
    await quick.setModes(tenantId, { write: "both", read: "elasticsearch" });
    expect(await quick.runs.getWorkflowRunByIdAndTenantId(tenantId, run.id)).toEqual(run);
  });
});
