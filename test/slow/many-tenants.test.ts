import { afterAll, beforeAll, expect, test, vi } from "vitest";

vi.hoisted(() => void (process.env["TEST_LAYOUT"] = "shared"));

import { ElasticsearchApiWorkflowRunRepository } from "../../src/workflow-logs/repositories/workflow-runs/elasticsearch-api-workflow-run-repository.ts";
import { searchLogs } from "../../src/workflow-logs/search/search-logs.ts";
import { status } from "../../src/workflow-logs/status.ts";
import { cleanupOnce, deletedRows } from "../support/cleanup-archive.ts";
import { compareStores } from "../support/compare-stores.ts";
import { sweepOnce } from "../support/retention-archive.ts";
import {
  countRows,
  createTestArchive,
  documentsByIndex,
  migrateOnce,
  type TestArchive,
} from "../support/test-archive.ts";
import { withTestConnections } from "../support/test-connections.ts";
import { dumpLogs, restoreOnce } from "../integration/restore/restore-archive.ts";
import { validateOnce } from "../integration/validate/validate-once.ts";

const tenantCount = Number(process.env["TEST_TENANTS"] ?? 2000);
const runsEach = 3;
const tenant = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const appId = tenant(0);

let archive: TestArchive;

beforeAll(async () => {
  archive = await createTestArchive({});
  await archive.sql.query(
    `INSERT INTO workflow_runs (id, tenant_id, app_id, workflow_id, type, triggered_from, version, status, total_tokens, created_by_role, created_by, created_at)
     SELECT gen_random_uuid(), ('00000000-0000-4000-8000-' || lpad(t::text, 12, '0'))::uuid, $1, $1, 'workflow', 'app-run', '1',
            'succeeded', n, 'account', $1, timestamp '2025-08-30' + n * interval '1 day'
       FROM generate_series(1, $2::int) t, generate_series(1, $3::int) n`,
    [appId, tenantCount, runsEach],
  );
});
afterAll(async () => {
  await archive.drop();
  delete process.env["TEST_LAYOUT"];
});

/** Does `work` and prints how long it took; nothing is asserted of it. */
async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s for ${tenantCount} tenants`);
  return result;
}

test("many tenants on one node: everything is theirs, and nothing of others", { timeout: 3_600_000 }, async () => {
  const rows = await countRows(archive.sql);
  await timed("migrate", () => migrateOnce(archive));
  const { differences, documents } = await timed("comparison", () => compareStores(archive));
  expect({ differences, documents }).toEqual({ differences: [], documents: rows });
  await timed("migrate with nothing new", () => migrateOnce(archive));
  const report = await timed("validate --full", () => validateOnce(archive, { level: "full" }));
  expect(report).toMatchObject({ status: "match", differences: [] });

  await withTestConnections(archive, {}, async (connections) => {
    const all = await timed("status", () => status(connections, []));
    expect(all.indices.reduce((sum, index) => sum + (index.documents ?? 0), 0)).toBe(rows);
    expect(all.budget!.shards.eachMonth).toBeLessThanOrEqual(1);
    const api = new ElasticsearchApiWorkflowRunRepository(connections);
    await timed("page and count of 50 tenants", async () => {
      for (let number = 1; number <= 50; number++) {
        const query = { tenantId: tenant(number), appId, triggeredFrom: "app-run" };
        const { data } = await api.getPaginatedWorkflowRuns(query);
        expect(data.map(({ tenantId }) => tenantId)).toEqual(Array(runsEach).fill(tenant(number)));
        expect(await api.getWorkflowRunsCount(query)).toMatchObject({ total: runsEach });
      }
    });
    await timed("search in 50 tenants", async () => {
      for (let number = 1; number <= 50; number++) {
        const scope = { dataTypes: ["workflow_runs"] as const, tenantIds: [tenant(number)] };
        const options = { query: "", scope, statuses: ["succeeded"], limit: 100, sort: "time" as const };
        expect((await searchLogs(connections, options)).total).toBe(runsEach);
      }
    });
  });

  const before = await dumpLogs(archive.sql);
  const purged = await timed("cleanup-pg of one", () => cleanupOnce(archive, { tenantId: tenant(1) }));
  expect(deletedRows(purged)).toBe(runsEach);
  await timed("restore of one", () => restoreOnce(archive, tenant(1)));
  expect(await dumpLogs(archive.sql)).toEqual(before);

  await timed("sweep of one", () => sweepOnce(archive, { retentionDays: 1, tenantIds: [tenant(2)] }));
  const left = await documentsByIndex(archive);
  expect(Object.values(left).reduce((sum, count) => sum + count, 0)).toBe(rows - runsEach);
  await timed("sweep of all", () => sweepOnce(archive, { retentionDays: 1 }));
  expect(await documentsByIndex(archive)).toEqual({});
});
