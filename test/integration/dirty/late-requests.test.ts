import { randomUUID } from "node:crypto";
import { Client } from "@elastic/elasticsearch";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AdvisoryLocks } from "../../../src/stores/postgres/advisory-locks.ts";
import { runLockName } from "../../../src/runs/run-locks.ts";
import { awaitLateRequests } from "../../../src/workflow-logs/copying/late-requests.ts";
import { insertRun } from "../../support/insert-run.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";
import { type Answer, startFakeServer } from "../../support/fake-elasticsearch.ts";

const partition = {
  dataType: "workflow_runs",
  tenantId: "11111111-1111-4111-8111-111111111111",
  month: "2025-09",
} as const;

let archive: TestArchive;
beforeEach(async () => {
  archive = await createTestArchive({});
  await insertRun(archive.sql, { tenantId: partition.tenantId });
  await migrateOnce(archive);
});
afterEach(() => archive.drop());

/** The partition's last run becomes one that is said to run and, but for its lock, is dead. */
async function lastRunDied(): Promise<string> {
  const id = randomUUID();
  await archive.sql.query(
    "INSERT INTO log_archive.runs (id, command, options) VALUES ($1, 'elasticsearch migrate', '{}')",
    [id],
  );
  await archive.sql.query("UPDATE log_archive.partitions SET run_id = $1", [id]);
  return id;
}

/** How often the server was asked for its tasks until the partition might be begun. */
async function looks(
  answer: (nth: number) => Answer,
  before?: (locks: AdvisoryLocks) => Promise<void>,
): Promise<number> {
  let asked = 0;
  const server = await startFakeServer(() => answer(asked++));
  const client = new Client({ node: server.url });
  try {
    await withTestConnections(archive, {}, async ({ postgres, state }) => {
      const locks = await AdvisoryLocks.open(postgres);
      await before?.(locks);
      await awaitLateRequests(state, client, partition, new AbortController().signal);
      locks.close();
    });
    return asked;
  } finally {
    await client.close();
    await server.stop();
  }
}

const tasks = (...ids: string[]): Answer => ({
  body: { tasks: ids.map((id) => ({ headers: { "X-Opaque-Id": id } })) },
});

test("what a dead run sent is waited for until two looks in a row show none of it, once for all of its partitions", async () => {
  const id = await lastRunDied();
  expect(await looks((nth) => (nth < 3 || nth === 4 ? tasks("another", id) : tasks("another")))).toBe(7);
  expect(await looks(() => tasks(id))).toBe(0);
});

test("nothing is waited for after a run that ended well, or one that lives", async () => {
  expect(await looks(() => tasks())).toBe(0);
  const id = await lastRunDied();
  expect(
    await looks(
      () => tasks(id),
      async (locks) => void (await locks.tryLock(runLockName(id))),
    ),
  ).toBe(0);
});

test("without the privilege to see tasks a few seconds are waited", async () => {
  await lastRunDied();
  const began = performance.now();
  expect(await looks(() => ({ status: 403, body: { error: { type: "security_exception" } } }))).toBe(1);
  expect(performance.now() - began).toBeGreaterThan(4500);
});
