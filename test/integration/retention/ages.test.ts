import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestArchive } from "../../support/test-archive.ts";
import {
  createRetentionArchive,
  request,
  forgetSweeps,
  indexExists,
  journal,
  outcomes,
  partitionStates,
  putIndex,
  sweepOnce,
} from "../../support/retention-archive.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createRetentionArchive();
});
afterAll(() => archive.drop());

interface Case {
  what: string;
  month: string;
  createdAt: readonly unknown[];
  days: number;
  now: string;
  /** Undefined: it goes. */
  kept?: string;
}

const lastOfSeptember = ["2025-09-01T00:00:00.000000Z", "2025-09-30T23:59:59.999999Z"];

test.each<Case>([
  {
    what: "a millisecond before 30 days behind its month",
    month: "2025-09",
    createdAt: lastOfSeptember,
    days: 30,
    now: "2025-10-30T23:59:59.999Z",
    kept: "within_retention",
  },
  {
    what: "30 days behind its month",
    month: "2025-09",
    createdAt: lastOfSeptember,
    days: 30,
    now: "2025-10-31T00:00:00.000Z",
  },
  {
    what: "a leap day, a millisecond too young",
    month: "2024-02",
    createdAt: ["2024-02-29T23:59:59.999999Z"],
    days: 1,
    now: "2024-03-01T23:59:59.999Z",
    kept: "within_retention",
  },
  {
    what: "a leap day",
    month: "2024-02",
    createdAt: ["2024-02-29T23:59:59.999999Z"],
    days: 1,
    now: "2024-03-02T00:00:00.000Z",
  },
  {
    what: "a month with nothing but its first day",
    month: "2025-09",
    createdAt: ["2025-09-01T00:00:00.000000Z"],
    days: 30,
    now: "2025-10-20T00:00:00.000Z",
    kept: "within_retention",
  },
  {
    what: "the first month of 1970",
    month: "1970-01",
    createdAt: ["1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:00.000001Z"],
    days: 30,
    now: "2026-11-21T00:00:00.000Z",
  },
  {
    what: "times before 1970, which are not indexed",
    month: "1969-12",
    createdAt: ["1969-12-31T23:59:59.999999Z", "1969-12-01T00:00:00.000000Z"],
    days: 30,
    now: "2026-11-21T00:00:00.000Z",
  },
  {
    what: "year 1",
    month: "0001-01",
    createdAt: ["0001-01-01T00:00:00.000000Z"],
    days: 30,
    now: "2026-11-21T00:00:00.000Z",
  },
  {
    what: "2099 in 2026",
    month: "2099-12",
    createdAt: ["2099-12-31T23:59:59.999999Z"],
    days: 30,
    now: "2026-11-21T00:00:00.000Z",
    kept: "within_retention",
  },
  {
    what: "2099 in 2100",
    month: "2099-12",
    createdAt: ["2099-12-31T23:59:59.999999Z"],
    days: 30,
    now: "2100-01-31T00:00:00.000Z",
  },
  {
    what: "times behind 2262, which are not indexed",
    month: "2300-01",
    createdAt: ["2300-01-31T23:59:59.999999Z"],
    days: 30,
    now: "2300-03-03T00:00:00.000Z",
  },
  {
    what: "a year of four digits as the last",
    month: "9999-12",
    createdAt: ["9999-12-31T23:59:59.999999Z"],
    days: 36_500,
    now: "2026-11-21T00:00:00.000Z",
    kept: "within_retention",
  },
  { what: "nothing in it", month: "2025-09", createdAt: [], days: 30, now: "2025-10-31T00:00:00.000Z" },
  {
    what: "a document that lies in the wrong month and is younger",
    month: "2020-01",
    createdAt: ["2020-01-05T00:00:00.000000Z", "2026-11-20T00:00:00.000000Z"],
    days: 30,
    now: "2026-11-21T00:00:00.000Z",
    kept: "within_retention",
  },
  {
    what: "a document exactly as old as the retention",
    month: "2020-01",
    createdAt: ["2026-10-22T00:00:00.000000Z"],
    days: 30,
    now: "2026-11-21T00:00:00.000Z",
    kept: "within_retention",
  },
  {
    what: "a document a microsecond older than the retention",
    month: "2020-01",
    createdAt: ["2026-10-21T23:59:59.999999Z"],
    days: 30,
    now: "2026-11-21T00:00:00.000Z",
  },
  {
    what: "a document of a zone of its own, older",
    month: "2020-01",
    createdAt: ["2026-10-22T05:29:59.999999+05:30"],
    days: 30,
    now: "2026-11-21T00:00:00.000Z",
  },
  {
    what: "an unindexed time that is younger than the indexed ones",
    month: "2020-01",
    createdAt: ["2020-01-05T00:00:00.000000Z", "2300-01-01T00:00:00.000000Z"],
    days: 30,
    now: "2026-11-21T00:00:00.000Z",
    kept: "within_retention",
  },
  {
    what: "a created_at that is no time",
    month: "2020-01",
    createdAt: ["2020-01-05T00:00:00.000000Z", "infinity"],
    days: 30,
    now: "2026-11-21T00:00:00.000Z",
    kept: "newest_unknown",
  },
  {
    what: "a document without created_at",
    month: "2020-01",
    createdAt: ["2020-01-05T00:00:00.000000Z", null],
    days: 30,
    now: "2026-11-21T00:00:00.000Z",
    kept: "newest_unknown",
  },
  {
    what: "a retention of 0 in the month itself",
    month: "2026-11",
    createdAt: ["2026-11-01T00:00:00.000000Z"],
    days: 0,
    now: "2026-11-21T00:00:00.000Z",
    kept: "within_retention",
  },
  {
    what: "a retention of 0 in the first day behind the month",
    month: "2026-10",
    createdAt: ["2026-10-01T00:00:00.000000Z"],
    days: 0,
    now: "2026-11-01T23:59:59.999Z",
    kept: "month_open",
  },
  {
    what: "a retention of 0 a day behind the month",
    month: "2026-10",
    createdAt: ["2026-10-31T23:59:59.999999Z"],
    days: 0,
    now: "2026-11-02T00:00:00.000Z",
  },
])("$what: $month at $now with $days days", async ({ month, createdAt, days, now, kept }) => {
  const tenantId = randomUUID();
  const name = await putIndex(archive, { tenantId, month, createdAt });
  await forgetSweeps(archive);

  const report = await sweepOnce(archive, { tenantIds: [tenantId], retentionDays: days, now: new Date(now) });

  expect(outcomes(report)).toEqual({ [name]: kept === undefined ? "deleted: past_retention" : `kept: ${kept}` });
  expect(report.status).toBe(kept === "newest_unknown" ? "completed_with_findings" : "completed");
  expect(await indexExists(archive, name)).toBe(kept !== undefined);
  expect(await partitionStates(archive, tenantId)).toEqual(
    kept === undefined ? { [`workflow_runs/${month}`]: "expired" } : {},
  );
  expect(await journal(archive, tenantId)).toHaveLength(kept === undefined ? 1 : 0);
});

test("documents that no search has seen yet count", async () => {
  const tenantId = randomUUID();
  const name = await putIndex(archive, { tenantId, month: "2020-01", createdAt: ["2020-01-05T00:00:00.000000Z"] });
  await request(archive, "POST", `${name}/_refresh`);
  await request(archive, "PUT", `${name}/_doc/young`, { created_at: "2026-11-20T00:00:00.000000Z" });
  const report = await sweepOnce(archive, { tenantIds: [tenantId], now: new Date("2026-11-21T00:00:00Z") });
  expect(report.indices).toMatchObject([
    { reason: "within_retention", documents: 2, newest: "2026-11-20T00:00:00.000Z", ageDays: 1 },
  ]);
});

test("a month in the middle, of every data type, goes and the others stay; the journal says what went", async () => {
  const tenantId = randomUUID();
  const names: string[] = [];
  for (const dataType of ["workflow_runs", "app_logs", "node_executions"] as const) {
    for (const month of ["2026-08", "2026-09", "2026-10"]) {
      const createdAt = [`${month}-02T00:00:00.123456Z`, `${month}-03T00:00:00.654321Z`];
      names.push(await putIndex(archive, { tenantId, dataType, month, createdAt }));
    }
  }
  const report = await sweepOnce(archive, {
    tenantIds: [tenantId],
    dataTypes: ["workflow_runs", "node_executions"],
    now: new Date("2026-11-21T12:00:00Z"),
  });

  const gone = names.filter((name) => /runs-|executions-/.test(name) && !name.endsWith("2026.10"));
  const left = names.filter((name) => !gone.includes(name));
  for (const name of gone) expect(await indexExists(archive, name)).toBe(false);
  for (const name of left) expect(await indexExists(archive, name)).toBe(true);
  expect(report.totals).toMatchObject({
    deleted: { indices: 4, documents: 8 },
    onlyCopy: { indices: 4, documents: 8 },
    kept: { indices: 2 },
  });
  expect(report).toMatchObject({ retentionDays: 30, cutoff: "2026-10-22T12:00:00.000Z", status: "completed" });
  const entries = await journal(archive, tenantId);
  expect(entries.map(({ index_name }) => index_name).toSorted()).toEqual(gone.toSorted());
  expect(entries[0]).toEqual({
    state: "deleted",
    index_name: expect.any(String),
    documents: "2",
    newest: expect.stringMatching(/^2026-0[89]-03T00:00:00.654321Z$/),
    only_copy: true,
    reason: "past its retention of 30 days",
    operator: "tester",
    snapshot: null,
  });
});
