import { afterAll, beforeAll, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { tenantsOf } from "../restore/restore-archive.ts";

let archive: TestArchive;
let tenantId: string;

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 1 });
  [tenantId = ""] = await tenantsOf(archive.sql);
  await migrateOnce(archive);
});
afterAll(() => archive?.drop());

function rollout(...args: string[]) {
  return runAppHere(archive, ["elasticsearch", "rollout", ...args]);
}

async function set(write: string, read: string): Promise<void> {
  const done = await rollout("set", "--tenant-id", tenantId, "--write", write, "--read", read, "--force");
  expect(done).toMatchObject({ code: 0 });
}

async function rollBack(): Promise<{ after: object; next: object | null }> {
  const { code, stdout } = await rollout("rollback", "--tenant-id", tenantId, "--json");
  expect(code).toBe(0);
  return JSON.parse(stdout) as { after: object; next: object | null };
}

const postgres = { write: "postgres", read: "postgres" };

test("each rollback goes one step further back, says where the next one would land, and ends at PostgreSQL", async () => {
  await set("both", "shadow");
  await set("both", "elasticsearch");
  expect(await rollBack()).toMatchObject({ after: { write: "both", read: "shadow" }, next: postgres });
  expect(await rollBack()).toMatchObject({ after: postgres, next: null });
  expect(await rollBack()).toMatchObject({ after: postgres, next: null });
  expect((await rollout("rollback", "--tenant-id", tenantId)).stdout).toMatch(/stays at .*nothing further back/);
});

test("no rollback leads towards Elasticsearch, also behind a switch made by hand in an incident", async () => {
  await set("both", "elasticsearch");
  await set("both", "postgres");
  expect(await rollBack()).toMatchObject({ after: postgres, next: null });
});

test("a new change after a rollback is taken back first", async () => {
  await set("both", "shadow");
  await set("both", "elasticsearch");
  await rollBack();
  await set("elasticsearch", "elasticsearch");
  expect(await rollBack()).toMatchObject({ after: { write: "both", read: "shadow" }, next: postgres });
  const { stdout } = await rollout("list", "--tenant-id", tenantId);
  expect(stdout).toMatch(/both, read shadow/);
});
