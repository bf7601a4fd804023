import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrateOnce } from "../../support/test-archive.ts";
import { idsOf } from "./contract.ts";
import { createRunsArchive, implementations, insertCheapRuns, type RunsArchive, testId } from "./runs-archive.ts";
import { newRun } from "./saves.ts";

const sourceTimeZone = "Asia/Shanghai";
const app = { tenantId: testId("local tenant"), appId: testId("local app") };
const query = { ...app, triggeredFrom: "app-run" };

let archive: RunsArchive;

beforeAll(async () => {
  archive = await createRunsArchive({}, sourceTimeZone);
  const createdAt = "timestamp '2025-10-31 20:00' + n * interval '15 minutes'";
  await insertCheapRuns(archive.sql, { ...app, count: 48, createdAt, status: "'succeeded'" });
  await migrateOnce(archive, { settings: { sourceTimeZone }, scope: { dataTypes: ["workflow_runs"] } });
});
afterAll(() => archive.drop());

/** Not every platform keeps UTC in its columns: instants are meant all the same. */
describe.each(implementations)("a source that keeps the time of Shanghai: %s", (implementation) => {
  it("has its runs at their instants, in every method", async () => {
    const api = archive.api(implementation);
    const { data } = await api.getPaginatedWorkflowRuns({ ...query, limit: 100 });
    expect(data).toHaveLength(48);
    expect(data[0]!.createdAt).toBe("2025-11-01T00:00:00.000000Z"); // 08:00 in Shanghai
    expect(data.at(-1)!.createdAt).toBe("2025-10-31T12:15:00.000000Z");
    const times = { startFrom: "2025-10-31T16:00:00Z", endBefore: "2025-10-31T17:00:00Z", batchSize: 10 };
    const batch = await api.getRunsBatchByTimeRange(times);
    expect(batch.map((run) => run.createdAt.slice(11, 16))).toEqual(["16:00", "16:15", "16:30", "16:45"]);
    const rest = await api.getRunsBatchByTimeRange({ ...times, lastSeen: batch[1] });
    expect(idsOf(rest)).toEqual(idsOf(batch.slice(2)));
    expect(await api.getExpiredRunsBatch(app.tenantId, "2025-10-31T12:30:00Z")).toHaveLength(1);
    expect(await api.getDailyRunsStatistics(query)).toEqual([
      { date: "2025-10-31", runs: 47 },
      { date: "2025-11-01", runs: 1 },
    ]);
    expect(await api.getDailyRunsStatistics({ ...query, timezone: "Asia/Shanghai" })).toEqual([
      { date: "2025-10-31", runs: 15 },
      { date: "2025-11-01", runs: 33 },
    ]);
  });

  it("keeps the instant of a run that is saved", async () => {
    const run = newRun({ createdAt: "2025-12-31T23:59:59.999999Z", finishedAt: "2026-01-01T00:00:01.000001Z" });
    await archive.executions(implementation).save(run);
    expect(await archive.api(implementation).getWorkflowRunByIdAndTenantId(run.tenantId, run.id)).toEqual(run);
    if (implementation !== "postgres") return;
    const { rows } = await archive.sql.query("SELECT created_at::text AS local FROM workflow_runs WHERE id = $1", [
      run.id,
    ]);
    expect(rows).toEqual([{ local: "2026-01-01 07:59:59.999999" }]);
  });
});
