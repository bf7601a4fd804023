import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SweepStep } from "../../../src/workflow-logs/retention/sweep-context.ts";
import { startApp } from "../../support/app-process.ts";
import { insertRun } from "../../support/insert-run.ts";
import { killAtDelete } from "../../support/kill-at-delete.ts";
import {
  createRetentionArchive,
  indexExists,
  journal,
  outcomes,
  partitionStates,
  putIndex,
  sweepOnce,
} from "../../support/retention-archive.ts";
import { migrateOnce, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createRetentionArchive();
});
afterAll(() => archive.drop());

const month = "2025-09";

/** A tenant with rows in PostgreSQL and their documents in three indices, of which the runs' is returned. */
async function scene(): Promise<{ tenantId: string; name: string }> {
  const tenantId = randomUUID();
  await insertRun(archive.sql, { tenantId });
  await migrateOnce(archive, { scope: { tenantIds: [tenantId], dataTypes: ["workflow_runs"] } });
  return { tenantId, name: `${archive.prefix}-workflow-runs-${tenantId}-2025.09` };
}

function dieAt(step: SweepStep): (now: SweepStep) => void {
  return (reached) => {
    if (reached === step) throw new Error(`died at ${step}`);
  };
}

test.each<[SweepStep, boolean, string[]]>([
  ["judged", true, []],
  ["decided", true, ["deleting"]],
  ["deleted", false, ["deleting"]],
  ["journaled", false, ["deleted"]],
])("a sweep that dies when an index is %s is brought to its end by the next", async (step, isThere, states) => {
  const { tenantId, name } = await scene();
  await expect(sweepOnce(archive, { tenantIds: [tenantId], atStep: dieAt(step) })).rejects.toThrow(/died/);
  expect(await indexExists(archive, name)).toBe(isThere);
  expect((await journal(archive, tenantId)).map(({ state }) => state)).toEqual(states);

  const next = await sweepOnce(archive, { tenantIds: [tenantId] });

  expect(next.status).toBe("completed");
  expect(outcomes(next)).toEqual(isThere ? { [name]: "deleted: past_retention" } : {});
  expect(await indexExists(archive, name)).toBe(false);
  expect((await journal(archive, tenantId)).map(({ state }) => state)).toEqual(
    step === "decided" ? ["retracted", "deleted"] : ["deleted"],
  );
  expect(await partitionStates(archive, tenantId)).toEqual({ [`workflow_runs/${month}`]: "expired" });
});

test.each(["before", "after"] as const)(
  "kill -9 %s Elasticsearch deletes: nothing is half done afterwards, and nothing is copied again",
  async (when) => {
    const { tenantId, name } = await scene();
    let kill = (): void => {};
    const proxy = await killAtDelete(archive.elasticsearchUrl, when, () => kill());
    try {
      const args = ["elasticsearch", "retention", "sweep", "--tenant-id", tenantId, "--yes"];
      const app = startApp({ ...archive, elasticsearchUrl: proxy.url }, args);
      kill = () => app.child.kill("SIGKILL");
      expect(await app.end).toMatchObject({ signal: "SIGKILL" });
    } finally {
      proxy.close();
    }
    expect(await indexExists(archive, name)).toBe(when === "before");
    expect(await journal(archive, tenantId)).toMatchObject([{ state: "deleting", index_name: name }]);

    const migrated = await migrateOnce(archive, { scope: { tenantIds: [tenantId], dataTypes: ["workflow_runs"] } });

    expect(migrated.totals.migrated).toBe(0);
    expect(await indexExists(archive, name)).toBe(when === "before");
    expect(await journal(archive, tenantId)).toMatchObject([{ state: when === "before" ? "retracted" : "deleted" }]);
    expect(await partitionStates(archive, tenantId)).toEqual({
      [`workflow_runs/${month}`]: when === "before" ? "copied" : "expired",
    });
  },
);

test("an index that was made anew after a sweep had died is another one: the old deletion ends, the new index is judged by itself", async () => {
  const { tenantId, name } = await scene();
  await expect(sweepOnce(archive, { tenantIds: [tenantId], atStep: dieAt("deleted") })).rejects.toThrow(/died/);
  await putIndex(archive, { tenantId, month, createdAt: [new Date().toISOString()] });
  expect(outcomes(await sweepOnce(archive, { tenantIds: [tenantId] }))).toEqual({
    [name]: "kept: within_retention",
  });
  expect(await journal(archive, tenantId)).toMatchObject([{ state: "deleted" }]);
  expect(await partitionStates(archive, tenantId)).not.toEqual({ [`workflow_runs/${month}`]: "expired" });
});

test("two sweeps at once delete each index once", async () => {
  const tenants = [randomUUID(), randomUUID()];
  const names: string[] = [];
  for (const tenantId of tenants) {
    for (const at of ["2025-08", "2025-09"]) {
      names.push(await putIndex(archive, { tenantId, month: at, createdAt: [`${at}-03T00:00:00.000000Z`] }));
    }
  }
  const reports = await Promise.all([1, 2].map(() => sweepOnce(archive, { tenantIds: tenants })));
  for (const name of names) {
    const deletions = reports.filter((report) => outcomes(report)[name] === "deleted: past_retention");
    expect(deletions).toHaveLength(1);
    expect(await indexExists(archive, name)).toBe(false);
  }
  const entries = [...(await journal(archive, tenants[0]!)), ...(await journal(archive, tenants[1]!))];
  expect(entries.map(({ state, index_name }) => `${state} ${index_name}`).toSorted()).toEqual(
    names.map((name) => `deleted ${name}`).toSorted(),
  );
});

test("a sweep that is stopped leaves the rest for the next", async () => {
  const tenantId = randomUUID();
  for (const at of ["2025-08", "2025-09", "2025-10"]) await putIndex(archive, { tenantId, month: at });
  const stop = new AbortController();
  const atStep = (step: SweepStep): void => {
    if (step === "journaled") stop.abort();
  };
  const report = await sweepOnce(archive, { tenantIds: [tenantId], atStep, signal: stop.signal });
  expect(report).toMatchObject({ status: "interrupted", totals: { deleted: { indices: 1 } } });
  expect((await sweepOnce(archive, { tenantIds: [tenantId] })).totals.deleted.indices).toBe(2);
});
