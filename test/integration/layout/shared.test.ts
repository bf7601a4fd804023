import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

vi.hoisted(() => void (process.env["TEST_LAYOUT"] = "shared"));

import { randomUUID } from "node:crypto";
import { ElasticsearchWorkflowExecutionRepository } from "../../../src/workflow-logs/repositories/workflow-runs/elasticsearch-workflow-execution-repository.ts";
import { changeRules } from "../../../src/workflow-logs/retention/rules.ts";
import { newRun } from "../../contract/workflow-runs/saves.ts";
import { runAppHere } from "../../support/app-here.ts";
import { cleanupOnce, deletedRows } from "../../support/cleanup-archive.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { startApplication } from "../../support/dual-write.ts";
import { journal, outcomes, partitionStates, sweepOnce } from "../../support/retention-archive.ts";
import {
  countRows,
  createTestArchive,
  documentsByIndex,
  migrateOnce,
  type TestArchive,
  writes,
} from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";
import { dumpLogs, restoreOnce } from "../restore/restore-archive.ts";
import { validateOnce } from "../validate/validate-once.ts";

let archive: TestArchive;
let tenants: string[];

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 600, tenants: 24, months: 2 });
  const { rows } = await archive.sql.query<{ id: string }>(
    "SELECT tenant_id::text AS id FROM workflow_runs GROUP BY 1 ORDER BY count(*) DESC, 1",
  );
  tenants = rows.map(({ id }) => id); // the largest first
});
afterAll(async () => {
  await archive.drop();
  delete process.env["TEST_LAYOUT"];
});

const app = (...args: string[]) => runAppHere(archive, ["elasticsearch", ...args]);

/** The names of the indices themselves, without those of tests that share the server. */
async function indices(): Promise<string[]> {
  const answer = await fetch(`${archive.elasticsearchUrl}/_cat/indices/${archive.prefix}-*?h=index&format=json`);
  return ((await answer.json()) as { index: string }[]).map(({ index }) => index).toSorted();
}

/** How many documents a tenant has in all. */
async function documentsOf(tenantId: string): Promise<number> {
  const places = Object.entries(await documentsByIndex(archive));
  return places.filter(([name]) => name.endsWith(`/${tenantId}`)).reduce((sum, [, count]) => sum + count, 0);
}

test("all tenants are copied into one index for each data type and month, exactly", async () => {
  expect(tenants.length).toBeGreaterThan(15);
  const rows = await countRows(archive.sql);
  const dry = await app("migrate", "--dry-run", "--json");
  const { estimates } = JSON.parse(dry.stdout) as { estimates: { indices: number } };
  await migrateOnce(archive);
  const { differences, documents } = await compareStores(archive);
  expect(differences).toEqual([]);
  expect(documents).toBe(rows);
  const names = await indices();
  expect(names.every((name) => /-~shared-\d{4}\.\d{2}$/.test(name))).toBe(true);
  expect(names.length).toBeLessThanOrEqual(6);
  expect(estimates.indices).toBe(names.length);
});

test("a second run writes nothing, and a full validation finds everything", async () => {
  const before = await writes(archive);
  await migrateOnce(archive);
  expect(await writes(archive)).toBe(before);
  const report = await validateOnce(archive, { level: "full" });
  expect(report).toMatchObject({ status: "match", differences: [] });
});

test("status knows each tenant's part, and the shards of the indices", async () => {
  const { stdout } = await app("status", "--json");
  const report = JSON.parse(stdout) as {
    indices: { name: string; tenantId: string; documents: number }[];
    coverage: { sourceRows: number; targetDocuments: number; state: string }[];
    budget: { shards: { eachMonth: number } };
    lostCopies: unknown[];
    notes: string[];
  };
  expect(new Set(report.indices.map(({ tenantId }) => tenantId)).size).toBeGreaterThanOrEqual(tenants.length);
  const places = await documentsByIndex(archive);
  expect(Object.fromEntries(report.indices.map(({ name, documents }) => [name, documents]))).toEqual(places);
  for (const row of report.coverage) expect(row.sourceRows).toBe(row.targetDocuments);
  expect(report.budget.shards.eachMonth).toBe(3);
  expect(report.lostCopies).toEqual([]);
  const [tenantId = ""] = tenants;
  const one = JSON.parse((await app("status", "--tenant-id", tenantId, "--json")).stdout) as typeof report;
  expect(one.indices).toEqual(report.indices.filter((index) => index.tenantId === tenantId));
});

test("a search finds the logs of the tenants asked for alone", async () => {
  const found = async (...asked: string[]): Promise<{ total: number; hits: { tenantId: string }[] }> => {
    const args = ["search", "--failed", "--limit", "1000", "--json", ...asked.flatMap((id) => ["--tenant-id", id])];
    return JSON.parse((await app(...args)).stdout) as { total: number; hits: { tenantId: string }[] };
  };
  let sum = 0;
  for (const tenantId of tenants.slice(0, 6)) {
    const { total, hits } = await found(tenantId);
    expect(hits).toHaveLength(total);
    expect(hits.every((hit) => hit.tenantId === tenantId)).toBe(true);
    const { rows } = await archive.sql.query<{ count: number }>(
      `SELECT ((SELECT count(*) FROM workflow_runs WHERE tenant_id = $1 AND status = 'failed') +
               (SELECT count(*) FROM workflow_node_executions WHERE tenant_id = $1 AND status = 'failed'))::int AS count`,
      [tenantId],
    );
    expect(total).toBeGreaterThanOrEqual(rows[0]!.count);
    sum += total;
  }
  expect(sum).toBeGreaterThan(0);
});

test("the rows of one tenant are purged and come back, and nobody else's are touched", async () => {
  const [tenantId = ""] = tenants;
  const before = await dumpLogs(archive.sql);
  const documents = await documentsByIndex(archive);
  const report = await cleanupOnce(archive, { tenantId });
  expect(deletedRows(report)).toBeGreaterThan(10);
  const after = await dumpLogs(archive.sql);
  for (const [table, rows] of Object.entries(before))
    for (const [id, row] of Object.entries(rows)) if (!row.includes(tenantId)) expect(after[table]![id]).toBe(row);
  expect(await documentsByIndex(archive)).toEqual(documents);
  expect(await restoreOnce(archive, tenantId)).toMatchObject({ status: "completed" });
  expect(await dumpLogs(archive.sql)).toEqual(before);
});

test("the state is made anew from the indices, each tenant's months from its parts", async () => {
  const state = async (): Promise<unknown[]> => {
    const { rows } = await archive.sql.query(
      "SELECT data_type, tenant_id, month, index_name, index_uuid, copied_rows FROM log_archive.partitions ORDER BY 1, 2, 3",
    );
    return rows;
  };
  const before = await state();
  await archive.sql.query("DROP SCHEMA log_archive CASCADE");
  const { code } = await runAppHere(archive, ["db", "rebuild", "--postgres-is-current", "--yes", "--json"]);
  expect(code).toBe(0);
  expect(await state()).toEqual(before);
  expect(await validateOnce(archive, { level: "full" })).toMatchObject({ status: "match", differences: [] });
});

test("what needs whole indices of one tenant is refused and touches nothing", async () => {
  const [tenantId = ""] = tenants;
  const before = { documents: await documentsByIndex(archive), names: await indices() };
  for (const args of [
    ["seal"],
    ["seal", "--dry-run"],
    ["evidence", "--tenant-id", tenantId, "--output", "/tmp"],
    ["retention", "sweep", "--yes", "--snapshot-repository", "backups"],
  ]) {
    const { code, stdout } = await app(...args, "--json");
    expect({ args, code, ...(JSON.parse(stdout) as object) }).toMatchObject({
      args,
      code: 2,
      error: { code: "layout_unsupported" },
    });
  }
  expect({ documents: await documentsByIndex(archive), names: await indices() }).toEqual(before);
});

test("another layout than the archive was made with is refused, with the way to change it", async () => {
  const env = { ELASTICSEARCH_INDEX_LAYOUT: "dedicated" };
  const before = await documentsByIndex(archive);
  for (const args of [["migrate"], ["migrate", "--dry-run"], ["apply-dirty"], ["validate", "--full"]]) {
    const { code, stdout } = await runAppHere(archive, ["elasticsearch", ...args, "--json"], env);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint: string } };
    expect({ args, code, error: error.code }).toEqual({ args, code: 2, error: "archive_settings_changed" });
    expect(error.message).toContain("ELASTICSEARCH_INDEX_LAYOUT is dedicated");
    expect(error.hint).toContain("Set ELASTICSEARCH_INDEX_LAYOUT=shared");
    expect(error.hint).toMatch(/another ELASTICSEARCH_INDEX_PREFIX/);
  }
  const refused = await runAppHere(archive, ["elasticsearch", "takeover", "--yes", "--json"], env);
  expect(refused.code).toBe(2);
  expect(refused.stdout).toContain("layout_needs_prefix");
  expect(await documentsByIndex(archive)).toEqual(before);
});

test("a log that was written into Elasticsearch alone is brought back though no search sees it yet", async () => {
  const application = await startApplication(archive);
  try {
    const [tenantId, other] = [randomUUID(), randomUUID()];
    const alone = { write: "elasticsearch", read: "elasticsearch" } as const;
    for (const id of [tenantId, other]) await application.setModes(id, alone);
    const run = newRun({ tenantId });
    await application.executions.save(run);
    expect(await application.runs.getWorkflowRunByIdWithoutTenant(run.id)).toEqual(run);
    await expect(application.executions.save({ ...run, tenantId: other })).rejects.toThrow(/tenant/);
    const third = newRun({ tenantId: randomUUID() });
    const repository = new ElasticsearchWorkflowExecutionRepository(application.connections);
    for (const createdAt of [third.createdAt, "2025-06-01T00:00:00.000000Z"])
      await repository.save({ ...third, createdAt });
    expect(await documentsOf(third.tenantId)).toBe(1); // in the month that it was created in first
    await restoreOnce(archive, tenantId);
    const { rowCount } = await archive.sql.query("SELECT 1 FROM workflow_runs WHERE tenant_id = $1", [tenantId]);
    expect(rowCount).toBe(1);
  } finally {
    await application.drop();
  }
});

describe("retention", () => {
  const past = { retentionDays: 1 };
  const withoutTenant = (places: Record<string, number>, tenantId: string): Record<string, number> =>
    Object.fromEntries(Object.entries(places).filter(([name]) => !name.endsWith(`/${tenantId}`)));

  test("of one tenant deletes its documents, and no other's", async () => {
    const [, , tenantId = ""] = tenants;
    const before = await documentsByIndex(archive);
    const report = await sweepOnce(archive, { ...past, tenantIds: [tenantId] });
    expect(new Set(Object.values(outcomes(report)))).toEqual(new Set(["deleted: past_retention"]));
    expect(await documentsByIndex(archive)).toEqual(withoutTenant(before, tenantId));
    expect(new Set(Object.values(await partitionStates(archive, tenantId)))).toEqual(new Set(["expired"]));
    await migrateOnce(archive); // its rows are still there, and stay out
    expect(await documentsByIndex(archive)).toEqual(withoutTenant(before, tenantId));
  });

  test.each([
    ["decided", "retracted"],
    ["deleted", "deleted"],
  ] as const)("that dies when a part is %s comes to its end in the next run", async (step, fate) => {
    const tenantId = tenants[step === "decided" ? 3 : 4]!;
    const die = (reached: string): void => {
      if (reached === step) throw new Error("died");
    };
    const call = { ...past, tenantIds: [tenantId], dataTypes: ["workflow_runs"] as const };
    await expect(sweepOnce(archive, { ...call, atStep: die })).rejects.toThrow(/died/);
    expect((await journal(archive, tenantId)).map(({ state }) => state)).toContain("deleting");
    await migrateOnce(archive, { scope: { tenantIds: [tenantId] } });
    const states = (await journal(archive, tenantId)).map(({ state }) => state);
    expect(states).toContain(fate);
    expect(states).not.toContain("deleting");
  });

  test("that died when some documents of a part were gone deletes the rest", async () => {
    const tenantId = tenants[5]!;
    const call = { ...past, tenantIds: [tenantId], dataTypes: ["node_executions"] as const };
    const stop = async (reached: string, name?: string): Promise<void> => {
      if (reached !== "decided") return;
      const [index] = name!.split("/");
      const query = encodeURIComponent(JSON.stringify({ query: { term: { tenant_id: tenantId } }, size: 1 }));
      const found = await fetch(
        `${archive.elasticsearchUrl}/${index}/_search?source=${query}&source_content_type=application/json`,
      );
      const { hits } = (await found.json()) as { hits: { hits: { _id: string }[] } };
      const path = `${index}/_doc/${encodeURIComponent(hits.hits[0]!._id)}?routing=${tenantId}&refresh=true`;
      await fetch(`${archive.elasticsearchUrl}/${path}`, { method: "DELETE" });
      throw new Error("died");
    };
    await expect(sweepOnce(archive, { ...call, atStep: stop })).rejects.toThrow(/died/);
    await migrateOnce(archive, { scope: { tenantIds: [tenantId] } });
    const [entry] = await journal(archive, tenantId);
    expect(entry!.state).toBe("deleted");
    const left = Object.keys(await documentsByIndex(archive));
    expect(left.filter((name) => name.includes("node-executions") && name.endsWith(tenantId)).length).toBeLessThan(2);
  });

  test("keeps a tenant that is held, and drops the indices when nobody needs them", async () => {
    const held = tenants[6]!;
    const rule = { tenantIds: [held], dataTypes: undefined, changedBy: "tester" };
    await withTestConnections(archive, {}, (connections) => changeRules(connections, { ...rule, action: "hold" }));
    const documents = await documentsOf(held);
    expect(documents).toBeGreaterThan(0);
    const names = await indices();
    await sweepOnce(archive, past);
    expect(await documentsOf(held)).toBe(documents);
    expect(Object.keys(await documentsByIndex(archive)).every((name) => name.endsWith(`/${held}`))).toBe(true);
    expect(names.length).toBeGreaterThanOrEqual((await indices()).length);
    await withTestConnections(archive, {}, (connections) => changeRules(connections, { ...rule, action: "release" }));
    await sweepOnce(archive, past);
    expect(await indices()).toEqual([]);
  });
});
