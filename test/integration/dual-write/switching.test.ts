import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { WorkflowRun } from "../../../src/workflow-logs/repositories/workflow-runs/workflow-run.ts";
import { setRollout } from "../../../src/workflow-logs/rollout/set-rollout.ts";
import { testId } from "../../contract/workflow-runs/runs-archive.ts";
import { newRun } from "../../contract/workflow-runs/saves.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce } from "../../support/capture.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { startApplication, type TestApplication } from "../../support/dual-write.ts";
import { placeName } from "../../support/layout.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { restoreOnce } from "../restore/restore-archive.ts";
import { validateOnce } from "../validate/validate-once.ts";

const switched = testId("switched tenant");
const other = testId("tenant that stays");
const { appId } = newRun();
const list = { appId, triggeredFrom: "app-run", limit: 1000 };

let archive: TestArchive;
let applications: TestApplication[];

beforeEach(async () => {
  archive = await createTestArchive({ tenants: 1 });
  await installOnce(archive);
  applications = [await startApplication(archive), await startApplication(archive)];
});
afterEach(async () => {
  for (const application of applications) await application.drop();
  await archive.drop();
});

interface Known {
  run: WorkflowRun;
  /** The newest version whose save was begun, and was done. */
  begun: number;
  done: number;
}

/**
 * Saves and reads runs of a tenant through one process until it is told to stop; a read must see what was saved before
 * it began.
 */
async function work(application: TestApplication, tenantId: string, signal: AbortSignal): Promise<Known[]> {
  const known: Known[] = [];
  for (let n = 0; !signal.aborted; n++) {
    const fresh: Known = {
      run: newRun({ tenantId, createdAt: `2025-05-0${1 + (n % 9)}T00:00:00.000000Z` }),
      begun: 0,
      done: 0,
    };
    known.push(fresh);
    for (const one of [fresh, known[Math.floor(Math.random() * known.length)]!]) {
      one.begun++;
      await application.executions.save({ ...one.run, totalTokens: BigInt(one.begun) });
      one.done = one.begun;
      const found = await application.runs.getWorkflowRunByIdAndTenantId(tenantId, one.run.id);
      expect(Number(found?.totalTokens)).toBe(one.done);
    }
    await sleep(5);
  }
  return known;
}

describe("switching a tenant to Elasticsearch and back under load", () => {
  it("loses no write, gives no wrong read, and others see nothing", async () => {
    await migrateOnce(archive);
    const [first, second] = applications as [TestApplication, TestApplication];
    const stop = new AbortController();
    const working = Promise.all([
      work(first, switched, stop.signal),
      work(second, switched, stop.signal),
      work(second, other, stop.signal),
    ]);
    const watch = { signal: stop.signal, progress: { note: () => {} } };
    for (const modes of [
      { write: "both", read: "shadow" },
      { write: "both", read: "elasticsearch" },
      { write: "elasticsearch", read: "elasticsearch" },
      { write: "both", read: "elasticsearch" },
      { write: "both", read: "postgres" },
    ] as const) {
      await sleep(500);
      await applyOnce(archive); // what is written meanwhile is copied meanwhile
      await setRollout(first.connections, { tenantId: switched, modes, force: true }, watch);
    }
    await sleep(1000);
    stop.abort();
    const [mine, theirs, others] = await working;
    expect(Math.min(mine.length, theirs.length, others.length)).toBeGreaterThan(20);

    for (const application of applications) await application.dualWrite.idle();
    await applyOnce(archive, { untilEmpty: true });
    for (const { run, done } of [...mine, ...theirs, ...others]) {
      const found = await second.runs.getWorkflowRunByIdAndTenantId(run.tenantId, run.id);
      expect(found).toEqual({ ...run, totalTokens: BigInt(done) });
    }
    await first.connections.elasticsearch.indices.refresh({ index: `${archive.prefix}-*` });
    const count = await first.runs.getWorkflowRunsCount({ ...list, tenantId: switched });
    expect(count.total).toBe(mine.length + theirs.length);
    const { data } = await second.runs.getPaginatedWorkflowRuns({ ...list, tenantId: switched });
    expect(new Set(data.map(({ id }) => id)).size).toBe(Math.min(1000, count.total));

    await restoreOnce(archive, switched);
    const saved = mine.length + theirs.length + others.length;
    expect(await compareStores(archive)).toEqual({ differences: [], documents: saved, recordErrors: 0 });
  });
});

describe("logs that were written into Elasticsearch alone", () => {
  const alone = { write: "elasticsearch", read: "elasticsearch" } as const;
  const back = { write: "both", read: "postgres" } as const;
  let application: TestApplication;

  beforeEach(async () => {
    [application] = applications as [TestApplication];
  });

  it("are read after the way back, and saved again where they are", async () => {
    await application.setModes(switched, alone);
    const run = newRun({ tenantId: switched });
    await application.executions.save(run);
    await application.setModes(switched, back);
    expect(await application.runs.getWorkflowRunByIdAndTenantId(switched, run.id)).toEqual(run);
    expect(await application.runs.getWorkflowRunByIdWithoutTenant(run.id)).toEqual(run);
    const ended = { ...run, status: "succeeded" };
    await application.executions.save(ended);
    expect(await application.runs.getWorkflowRunByIdAndTenantId(switched, run.id)).toEqual(ended);
    await application.dualWrite.idle();
    expect(await compareStores(archive)).toMatchObject({ differences: [], documents: 1 });
  });

  it("leave a run that has a row to its row, whatever the mode", async () => {
    await application.setModes(switched, back);
    const run = newRun({ tenantId: switched });
    await application.executions.save(run);
    await application.setModes(switched, alone);
    await application.executions.save({ ...run, status: "failed" });
    expect(await compareStores(archive)).toMatchObject({ differences: [], documents: 1 });
    await application.setModes(switched, { write: "postgres", read: "postgres" });
    expect(await application.runs.getWorkflowRunByIdAndTenantId(switched, run.id)).toMatchObject({ status: "failed" });
  });

  it("come back by restore, and validate deletes none of them", async () => {
    await application.setModes(switched, alone);
    const runs = [
      newRun({ tenantId: switched }),
      newRun({ tenantId: switched, createdAt: "2025-06-01T00:00:00.000000Z" }),
    ];
    for (const run of runs) await application.executions.save(run);
    const scope = { tenantIds: [switched] };
    const report = await validateOnce(archive, { level: "full", scope, deleteExtra: true });
    expect(report.byDataType.workflow_runs).toMatchObject({ extra: 0 });
    await restoreOnce(archive, switched);
    expect(await compareStores(archive)).toMatchObject({ differences: [], documents: 2 });
  });

  it("are the caller's failure when Elasticsearch does not take them", async () => {
    await application.setModes(switched, alone);
    await application.executions.save(newRun({ tenantId: switched }));
    const [index = ""] = placeName(archive.prefix, "workflow-runs", switched, "2025.05").split("/");
    await application.connections.elasticsearch.indices.putSettings({
      index,
      settings: { "index.blocks.write": true },
    });
    const refused = newRun({ tenantId: switched });
    await expect(application.executions.save(refused)).rejects.toThrow();
    expect(await application.runs.getWorkflowRunByIdAndTenantId(switched, refused.id)).toBeUndefined();
    expect(application.dualWrite.stats()).toMatchObject({ failed: 0, dirty: { recorded: 0 } });
  });
});
