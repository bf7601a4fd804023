import { afterAll, beforeAll, expect, test } from "vitest";
import { installCapture } from "../../../src/workflow-logs/capture/install.ts";
import { noProgress } from "../../../src/runs/progress.ts";
import {
  rollbackRollout,
  type RolloutReport,
  type RolloutRequest,
  setRollout,
} from "../../../src/workflow-logs/rollout/set-rollout.ts";
import { listRolloutChanges, listRollouts } from "../../../src/workflow-logs/state/rollouts.ts";
import { runAppHere } from "../../support/app-here.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { createTestArchive, insertRows, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";
import { tenantsOf } from "../restore/restore-archive.ts";

let archive: TestArchive;
let tenantId: string;
let other: string;
const watch = { signal: new AbortController().signal, progress: noProgress };
const onElasticsearch = { write: "both", read: "elasticsearch" } as const;

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 300, tenants: 2, months: 2 });
  [tenantId = "", other = ""] = await tenantsOf(archive.sql);
});
afterAll(() => archive?.drop());

function set(modes: RolloutRequest["modes"], force = false): Promise<RolloutReport> {
  return withTestConnections(archive, {}, (connections) => setRollout(connections, { tenantId, modes, force }, watch));
}

async function objections(modes: RolloutRequest["modes"]): Promise<string> {
  const refused = await set(modes).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "rollout_refused" });
  return (refused as Error).message;
}

test("a tenant goes to Elasticsearch only when everything of it is there, and back in one step", async () => {
  expect(await objections(onElasticsearch)).toMatch(/capture install/);
  await withTestConnections(archive, {}, (connections) => installCapture(connections, watch));
  expect(await objections(onElasticsearch)).toMatch(/\d+ rows are not in Elasticsearch: app elasticsearch migrate/);
  expect(await objections({ write: "elasticsearch" })).toMatch(/add --read elasticsearch/);

  await migrateOnce(archive);
  expect(await objections({ read: "elasticsearch" })).toMatch(/add --write both/);
  expect(await set(onElasticsearch)).toEqual({
    tenantId,
    before: { write: "postgres", read: "postgres" },
    after: onElasticsearch,
    forcedAgainst: [],
  });
  const back = await withTestConnections(archive, {}, (connections) => rollbackRollout(connections, tenantId));
  expect(back.after).toEqual({ write: "postgres", read: "postgres" });
});

test("changed rows that wait, rows that are missing and record errors speak against it, of the tenant alone", async () => {
  await archive.sql.query("UPDATE workflow_runs SET error = 'changed' WHERE tenant_id = $1", [other]);
  await set(onElasticsearch);
  await set({ write: "postgres", read: "postgres" });

  const [id] = await insertRows(archive.sql, {
    table: "workflow_runs",
    count: 1,
    like: `tenant_id = '${tenantId}'`,
    createdAt: "now()::timestamp",
  });
  const message = await objections(onElasticsearch);
  expect(message).toMatch(/1 changed rows wait/);
  expect(message).toMatch(/1 rows are not in Elasticsearch/);
  await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [id]);
  await archive.sql.query("DELETE FROM log_archive.dirty_rows WHERE tenant_id = $1", [tenantId]);
  await archive.sql.query(
    "INSERT INTO log_archive.record_errors (data_type, record_id, tenant_id, type, reason) VALUES ('workflow_runs', 'x', $1, 't', 'r')",
    [tenantId],
  );
  expect(await objections(onElasticsearch)).toMatch(/refused 1 rows/);

  const forced = await set(onElasticsearch, true);
  expect(forced.forcedAgainst).toHaveLength(1);
  await archive.sql.query("DELETE FROM log_archive.record_errors");
});

test("an index that is gone though its rows were purged speaks against it", async () => {
  const { byTable } = await cleanupOnce(archive, { tenantId });
  expect(byTable["workflow_runs"]!.deleted).toBeGreaterThan(0);
  await set({ read: "postgres" });
  await set({ read: "elasticsearch" });
  const purged = await archive.sql.query<{ index_name: string }>(
    "SELECT index_name FROM log_archive.partitions WHERE state = 'purged' AND tenant_id = $1 ORDER BY 1",
    [tenantId],
  );
  await fetch(`${archive.elasticsearchUrl}/${purged.rows[0]!.index_name}`, { method: "DELETE" });
  await set({ read: "postgres" });
  expect(await objections({ read: "elasticsearch" })).toMatch(/purged from PostgreSQL, and their index .* is gone/);
});

test("every change is kept, and other tenants have none", async () => {
  await withTestConnections(archive, {}, async ({ state }) => {
    expect((await listRollouts(state)).map((one) => one.tenantId)).toEqual([tenantId]);
    const changes = await listRolloutChanges(state, [tenantId], 100);
    expect(changes.length).toBeGreaterThan(5);
    for (const [at, change] of changes.slice(1).entries()) expect(change.after).toEqual(changes[at]!.before);
    expect(await listRolloutChanges(state, [other], 1)).toEqual([]);
  });
  const listed = await runAppHere(archive, ["elasticsearch", "rollout", "list", "--json"]);
  expect(JSON.parse(listed.stdout)).toMatchObject({ rollouts: [{ tenantId, write: "both", read: "postgres" }] });
});

test.each([
  [["rollout", "set", "--tenant-id", "*", "--read", "postgres"]],
  [["rollout", "set", "--tenant-id", "acme", "--read", "both"]],
  [["rollout", "set", "--tenant-id", "acme"]],
  [["rollout", "rollback"]],
])("%j is a usage error", async (args) => {
  expect((await runAppHere(archive, ["elasticsearch", ...args])).code).toBe(2);
});
