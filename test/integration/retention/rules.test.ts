import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import {
  createRetentionArchive,
  forgetSweeps,
  indexExists,
  outcomes,
  putIndex,
  sweepOnce,
} from "../../support/retention-archive.ts";
import type { TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createRetentionArchive();
});
afterAll(() => archive.drop());

const now = new Date("2026-11-21T00:00:00Z");

interface Answer {
  code: number | null;
  rules: { tenantId: string; dataType: string; days?: number; held: boolean; hold?: { reason?: string; by: string } }[];
  history: { action: string; days?: number; changedBy: string; changedAt: string; reason?: string }[];
  error?: { code: string; message: string; hint: string };
}

async function retention(...args: string[]): Promise<Answer> {
  const { code, stdout } = await runAppHere(archive, ["elasticsearch", "retention", ...args, "--json"]);
  return { code, ...(JSON.parse(stdout) as Omit<Answer, "code">) };
}

const created = ["2026-08-05T00:00:00.000000Z"];

test("the rule of a data type goes before the tenant's, and both before the sweep's own days", async () => {
  const tenantId = randomUUID();
  const runs = await putIndex(archive, { tenantId, month: "2026-08", createdAt: created });
  const nodes = await putIndex(archive, {
    tenantId,
    month: "2026-08",
    dataType: "node_executions",
    createdAt: created,
  });
  expect(await retention("set", "--tenant-id", tenantId, "--days", "365")).toMatchObject({
    code: 0,
    rules: [{ tenantId, dataType: "all", days: 365, held: false }],
  });
  await retention("set", "--tenant-id", tenantId, "--data-type", "node_executions", "--days", "60");

  // explicit days on the sweep are for those without a rule
  const report = await sweepOnce(archive, { tenantIds: [tenantId], retentionDays: 1, now });

  expect(report.indices).toMatchObject([
    { name: nodes, action: "deleted", retentionDays: 60 },
    { name: runs, action: "kept", reason: "within_retention", retentionDays: 365 },
  ]);
  await retention("set", "--tenant-id", tenantId, "--days", "default");
  expect(outcomes(await sweepOnce(archive, { tenantIds: [tenantId], now }))).toEqual({
    [runs]: "deleted: past_retention",
  });
  const { rules, history } = await retention("list", "--tenant-id", tenantId);
  expect(rules).toMatchObject([{ dataType: "node_executions", days: 60 }]);
  expect(history.map(({ action, days }) => [action, days])).toEqual([
    ["set", undefined],
    ["set", 60],
    ["set", 365],
  ]);
  expect(history[0]).toMatchObject({
    changedBy: expect.stringMatching(/.@./),
    changedAt: expect.stringMatching(/^\d{4}-/),
  });
});

test("a hold never yields, and is released only as it was made", async () => {
  const tenantId = randomUUID();
  const runs = await putIndex(archive, { tenantId, month: "2026-08", createdAt: created });
  const logs = await putIndex(archive, { tenantId, month: "2026-08", dataType: "app_logs", createdAt: created });
  await retention("hold", "--tenant-id", tenantId, "--reason", "case 17");
  await retention("hold", "--tenant-id", tenantId, "--data-type", "workflow_runs");
  await retention("set", "--tenant-id", tenantId, "--days", "1");

  for (const retentionDays of [1, 0]) {
    const report = await sweepOnce(archive, { tenantIds: [tenantId], retentionDays, now });
    expect(outcomes(report)).toEqual({ [runs]: "kept: held", [logs]: "kept: held" });
    expect(report.status).toBe("completed");
  }
  expect(await retention("release", "--tenant-id", tenantId, "--data-type", "app_logs")).toMatchObject({
    code: 2,
    error: { code: "not_held", hint: expect.stringMatching(/\(all\).*\(workflow_runs\)/) },
  });
  expect((await retention("list", "--tenant-id", tenantId)).rules).toMatchObject([
    { dataType: "all", held: true, days: 1, hold: { reason: "case 17", by: expect.stringMatching(/@/) } },
    { dataType: "workflow_runs", held: true },
  ]);

  expect(await retention("release", "--tenant-id", tenantId)).toMatchObject({
    code: 0,
    rules: [
      { dataType: "all", held: false, days: 1 },
      { dataType: "workflow_runs", held: true },
    ],
  });
  expect(outcomes(await sweepOnce(archive, { tenantIds: [tenantId], now }))).toEqual({
    [logs]: "deleted: past_retention",
    [runs]: "kept: held",
  });
  await retention("release", "--tenant-id", tenantId, "--data-type", "workflow_runs");
  expect(outcomes(await sweepOnce(archive, { tenantIds: [tenantId], now }))).toEqual({
    [runs]: "deleted: past_retention",
  });
});

test("a hold that comes while a sweep judges is obeyed; one that comes when all is decided says so", async () => {
  const [inTime, late] = [randomUUID(), randomUUID()];
  const kept = await putIndex(archive, { tenantId: inTime, month: "2026-08", createdAt: created });
  const gone = await putIndex(archive, { tenantId: late, month: "2026-08", createdAt: created });
  let answer: unknown;
  const report = await sweepOnce(archive, {
    tenantIds: [inTime, late],
    now,
    atStep: async (step, index) => {
      if (step === "judged") await retention("hold", "--tenant-id", inTime).catch(() => {}); // once for each tenant
      if (step === "decided" && index === gone) answer = await retention("hold", "--tenant-id", late);
    },
  });
  expect(outcomes(report)).toEqual({ [kept]: "kept: held", [gone]: "deleted: past_retention" });
  expect(answer).toMatchObject({ code: 0, beingDeleted: [gone] });
  expect(await indexExists(archive, kept)).toBe(true);
  expect(await indexExists(archive, gone)).toBe(false);
});

test.each([
  [["set", "--tenant-id", "7ba8e523-c288-442b-ac15-aaf02c204759", "--days", "0"], /--days/],
  [["set", "--tenant-id", "7ba8e523-c288-442b-ac15-aaf02c204759", "--days", "-1"], /--days/],
  [["set", "--tenant-id", "7ba8e523-c288-442b-ac15-aaf02c204759", "--days", "1.5"], /--days/],
  [["set", "--tenant-id", "7ba8e523-c288-442b-ac15-aaf02c204759", "--days", "36501"], /--days/],
  [["set", "--tenant-id", "7ba8e523-c288-442b-ac15-aaf02c204759"], /--days/],
  [["set", "--days", "3"], /--tenant-id/],
  [["hold"], /--tenant-id/],
  [["hold", "--tenant-id", "acme-*"], /tenant id/],
  [["hold", "--tenant-id", "tenant-123"], /uuid/],
  [["release", "--tenant-id", "7ba8e523-c288-442b-ac15-aaf02c204759"], /no such hold/],
  [["sweep", "--yes", "--retention-days", "-1"], /--retention-days/],
  [["sweep", "--yes", "--retention-days", "0.5"], /--retention-days/],
  [["sweep", "--yes", "--retention-days", "99999999"], /--retention-days/],
  [["sweep", "--yes", "--retention-days", "0"], /0 days/],
  [["sweep", "--retention-days", "0", "--tenant-id", "7ba8e523-c288-442b-ac15-aaf02c204759"], /0 days/],
  [["sweep", "--yes", "--snapshot-repository", "no-such-repository"], /no-such-repository/],
  [["sweep", "--yes", "--snapshot-repository", "_all"], /_all/],
])("%j is refused before anything is changed", async (args, message) => {
  const before = await archive.sql.query("SELECT count(*) FROM log_archive.retention_changes");
  const answer = await retention(...args);
  expect(answer.code).toBe(2);
  expect(`${answer.error!.message} ${answer.error!.hint}`).toMatch(message);
  expect((await archive.sql.query("SELECT count(*) FROM log_archive.retention_changes")).rows).toEqual(before.rows);
});

test("a sweep without a terminal asks nothing where nothing is due, and is refused where something is", async () => {
  const tenantId = randomUUID();
  const sweep = () => retention("sweep", "--tenant-id", tenantId, "--retention-days", "30");
  const recent = await putIndex(archive, { tenantId, month: "2099-12", createdAt: ["2099-12-31T00:00:00.000000Z"] });
  expect(await sweep()).toMatchObject({ code: 0 });
  const due = await putIndex(archive, { tenantId, month: "2026-08", createdAt: created });
  const refused = await sweep();
  expect(refused).toMatchObject({ code: 2 });
  expect(`${refused.error!.message} ${refused.error!.hint}`).toMatch(/no terminal/);
  expect([await indexExists(archive, recent), await indexExists(archive, due)]).toEqual([true, true]);
});

test("0 days with --yes and a tenant drops every month of this tenant that has ended a day ago", async () => {
  const [tenantId, other] = [randomUUID(), randomUUID()];
  await forgetSweeps(archive);
  const old = await putIndex(archive, { tenantId, month: "2026-08", createdAt: created });
  const future = await putIndex(archive, { tenantId, month: "2099-12", createdAt: ["2099-12-31T00:00:00.000000Z"] });
  const others = await putIndex(archive, { tenantId: other, month: "2026-08", createdAt: created });
  expect(await retention("sweep", "--tenant-id", tenantId, "--retention-days", "0", "--yes")).toMatchObject({
    code: 0,
    retentionDays: 0,
    indices: [
      { name: old, action: "deleted" },
      { name: future, action: "kept" },
    ],
  });
  expect(await indexExists(archive, others)).toBe(true);
});
