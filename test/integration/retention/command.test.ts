import { randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { runCli } from "../../../src/cli/run-cli.ts";
import { cleanupOldIndices } from "../../../src/workflow-logs/retention/cleanup-old-indices.ts";
import { runAppHere } from "../../support/app-here.ts";
import { fakeHost } from "../../support/fake-host.ts";
import {
  createRetentionArchive,
  forgetSweeps,
  indexExists,
  journal,
  outcomes,
  putIndex,
  request,
  sweepOnce,
} from "../../support/retention-archive.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createRetentionArchive();
});
afterEach(() => vi.useRealTimers());
afterAll(() => archive.drop());

const old = ["2020-01-05T00:00:00.000000Z"];
const sweep = ["elasticsearch", "retention", "sweep"];

/** The command on a terminal where `typed` is answered. */
async function onTerminal(typed: string, ...args: string[]): Promise<{ code: number; asked: string }> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const env = {
    DATABASE_URL: archive.databaseUrl,
    ELASTICSEARCH_HOSTS: JSON.stringify([archive.elasticsearchUrl]),
    ELASTICSEARCH_INDEX_PREFIX: archive.prefix,
  };
  const host = fakeHost([...sweep, ...args, "--quiet"], { stdin, env });
  stdin.write(`${typed}\n`);
  return { code: await runCli(host), asked: host.err() };
}

/** Everything that a sweep could write, in both stores. */
async function everything(): Promise<unknown> {
  const { rows } = await archive.sql.query<{ name: string }>(
    "SELECT c.oid::regclass::text AS name FROM pg_class c WHERE relnamespace = 'log_archive'::regnamespace AND relkind = 'r' ORDER BY 1",
  );
  const tables: Record<string, unknown> = {};
  for (const { name } of rows)
    tables[name] = (await archive.sql.query(`SELECT t::text FROM ${name} t ORDER BY 1`)).rows;
  const settings = await request(archive, "GET", `${archive.prefix}-*/_settings?expand_wildcards=all`);
  return { tables, settings };
}

test("a dry run says what would go and what stays, by tenant, and changes nothing at all", async () => {
  const [one, two] = [randomUUID(), randomUUID()];
  const goes = await putIndex(archive, { tenantId: one, month: "2020-01", createdAt: old });
  const stays = await putIndex(archive, { tenantId: one, month: "2099-01", createdAt: ["2099-01-01T00:00:00Z"] });
  const closed = await putIndex(archive, { tenantId: two, month: "2020-01", createdAt: old });
  await request(archive, "POST", `${closed}/_close`);
  const before = await everything();
  const args = [...sweep, "--dry-run", "--tenant-id", one, "--tenant-id", two];

  const text = await runAppHere(archive, args);
  const json = await runAppHere(archive, [...args, "--json", "--retention-days", "7"]);

  expect(await everything()).toEqual(before);
  expect(text).toMatchObject({ code: 3, stderr: "" });
  for (const [tenantId, name, ...words] of [
    [one, goes, "1", "yes", "30", "would delete", "past its retention"],
    [one, stays, "kept", "within its retention"],
    [two, closed, "kept", "closed"],
  ] as const) {
    expect(text.stdout).toContain(`Tenant ${tenantId}`);
    const line = text.stdout.split("\n").find((candidate) => candidate.includes(name))!;
    for (const word of words) expect(line).toContain(word);
  }
  expect(text.stdout).toMatch(
    /Would be deleted: +1 indices, 1 documents[^]*the only copy: +1 indices[^]*Kept: +2 indices/,
  );
  expect(JSON.parse(json.stdout)).toMatchObject({
    command: "elasticsearch retention sweep",
    dryRun: true,
    retentionDays: 7,
    cutoff: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    indices: expect.arrayContaining([
      {
        name: goes,
        dataType: "workflow_runs",
        tenantId: one,
        month: "2020-01",
        documents: 1,
        bytes: expect.any(Number),
        newest: "2020-01-05T00:00:00.000Z",
        ageDays: expect.any(Number),
        onlyCopy: true,
        retentionDays: 7,
        action: "would_delete",
        reason: "past_retention",
      },
    ]),
    totals: { wouldDelete: { indices: 1 }, kept: { indices: 2 }, onlyCopy: { indices: 1 } },
  });
  await request(archive, "POST", `${closed}/_open`);
});

test("where nothing was ever copied there is nothing to do, and a dry run makes no tables", async () => {
  const empty = await createTestArchive({});
  try {
    expect(await runAppHere(empty, [...sweep, "--dry-run"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/✓ SUCCESS: 0 indices/),
    });
    expect((await empty.sql.query("SELECT to_regnamespace('log_archive') AS made")).rows).toEqual([{ made: null }]);
    expect(await runAppHere(empty, [...sweep, "--yes"])).toMatchObject({ code: 0 });
  } finally {
    await empty.drop();
  }
});

test("on a terminal the tenant id has to be typed, for several tenants a word", async () => {
  const [one, two] = [randomUUID(), randomUUID()];
  const names = [
    await putIndex(archive, { tenantId: one, month: "2020-01", createdAt: old }),
    await putIndex(archive, { tenantId: two, month: "2020-01", createdAt: old }),
  ];
  expect(await onTerminal("yes", "--tenant-id", one)).toEqual({
    code: 1,
    asked: expect.stringMatching(
      new RegExp(
        `Delete 1 indices of tenant ${one} with 1 documents[^]*1 of them hold documents whose rows are not[^]*Type ${one}`,
      ),
    ),
  });
  expect(await onTerminal(one, "--tenant-id", one, "--tenant-id", two)).toMatchObject({
    code: 1,
    asked: expect.stringMatching(/of 2 tenants[^]*Type delete/),
  });
  for (const name of names) expect(await indexExists(archive, name)).toBe(true);
  expect(await onTerminal("delete", "--tenant-id", one, "--tenant-id", two)).toMatchObject({ code: 0 });
  for (const name of names) expect(await indexExists(archive, name)).toBe(false);
  expect(await journal(archive, one)).toMatchObject([{ operator: expect.stringMatching(/.@./) }]);
});

test.each([
  ["a month ahead", 31],
  ["ten minutes ahead", 10 / (24 * 60)],
  ["an hour behind", -1 / 24],
])("a machine whose clock is %s deletes nothing", async (_, days) => {
  const tenantId = randomUUID();
  const name = await putIndex(archive, { tenantId, month: "2020-01", createdAt: old });
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.now() + days * 86_400_000);
  const end = await runAppHere(archive, [...sweep, "--tenant-id", tenantId, "--yes", "--json"]);
  vi.useRealTimers();
  expect(end.code).toBe(1);
  expect(JSON.parse(end.stdout)).toMatchObject({
    error: { code: "clocks_differ", message: expect.stringMatching(/PostgreSQL|Elasticsearch/) },
  });
  expect(await indexExists(archive, name)).toBe(true);
});

test("a clock that was set back since the last sweep deletes nothing", async () => {
  const tenantId = randomUUID();
  const name = await putIndex(archive, { tenantId, month: "2020-01", createdAt: old });
  await forgetSweeps(archive);
  await sweepOnce(archive, { tenantIds: [randomUUID()], now: new Date("2026-11-21T12:00:00Z") });
  const call = { tenantIds: [tenantId], now: new Date("2026-11-21T11:54:59Z") };
  await expect(sweepOnce(archive, call)).rejects.toMatchObject({ code: "clock_set_back" });
  expect(await indexExists(archive, name)).toBe(true);
  const report = await sweepOnce(archive, { ...call, now: new Date("2026-11-21T11:55:01Z") });
  expect(outcomes(report)).toEqual({ [name]: "deleted: past_retention" });
  await forgetSweeps(archive);
});

test("every tenant goes by the rules where none is named, also those of whom PostgreSQL knows nothing", async () => {
  const tenants = [randomUUID(), randomUUID(), randomUUID()];
  for (const tenantId of tenants) await putIndex(archive, { tenantId, month: "2020-01", createdAt: old });
  const end = await runAppHere(archive, [...sweep, "--yes", "--json"]);
  const { indices } = JSON.parse(end.stdout) as { indices: { tenantId: string; action: string }[] };
  for (const tenantId of tenants) {
    expect(indices.filter((index) => index.tenantId === tenantId)).toMatchObject([{ action: "deleted" }]);
  }
});

test("cleanupOldIndices is the same for one tenant and the data types named", async () => {
  const tenantId = randomUUID();
  const runs = await putIndex(archive, { tenantId, month: "2020-01", createdAt: old });
  const logs = await putIndex(archive, { tenantId, month: "2020-01", dataType: "app_logs", createdAt: old });
  const report = await withTestConnections(archive, {}, (connections) =>
    cleanupOldIndices(connections, tenantId, 30, ["workflow_runs"]),
  );
  expect(outcomes(report)).toEqual({ [runs]: "deleted: past_retention" });
  expect(await indexExists(archive, logs)).toBe(true);
});

test("the library refuses days that cannot be meant", async () => {
  for (const call of [
    { retentionDays: -1 },
    { retentionDays: 0.5 },
    { retentionDays: Number.NaN },
    { retentionDays: 0 },
  ]) {
    await expect(sweepOnce(archive, call)).rejects.toMatchObject({ name: "UsageError" });
  }
});
