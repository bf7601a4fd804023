import { afterEach, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";
import { tenantsOf } from "../restore/restore-archive.ts";

const archives: TestArchive[] = [];
afterEach(async () => {
  for (const archive of archives.splice(0)) await archive.drop();
});

async function archiveWithLogs(): Promise<TestArchive> {
  const archive = await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 2 });
  archives.push(archive);
  expect(await app(archive, "migrate")).toMatchObject({ code: 0 });
  return archive;
}

function app(stores: TestArchive, ...args: string[]) {
  return runAppHere(stores, ["elasticsearch", ...args]);
}

async function json(stores: TestArchive, ...args: string[]): Promise<Record<string, unknown>> {
  return JSON.parse((await app(stores, ...args, "--json")).stdout) as Record<string, unknown>;
}

async function meta({ elasticsearchUrl, prefix }: TestArchive): Promise<Record<string, Record<string, unknown>>> {
  const answer = await fetch(`${elasticsearchUrl}/${prefix}-workflow-*/_mapping`);
  const mappings = (await answer.json()) as Record<string, { mappings: { _meta?: Record<string, unknown> } }>;
  return Object.fromEntries(Object.entries(mappings).map(([name, index]) => [name, index.mappings._meta ?? {}]));
}

test("an index that someone else makes of a matching name is never ours, whatever its tenant and month", async () => {
  const archive = await archiveWithLogs();
  const [tenantId = ""] = await tenantsOf(archive.sql);
  const names = ["backup-of-mine-2020.01", `${tenantId}-2020.01`, "11111111-2222-4333-8444-555555555555-2020.01"].map(
    (rest) => `${archive.prefix}-workflow-runs-${rest}`,
  );
  for (const name of names) {
    await fetch(`${archive.elasticsearchUrl}/${name}`, { method: "PUT" });
    await fetch(`${archive.elasticsearchUrl}/${name}/_doc?refresh=true`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id: "x", tenant_id: tenantId, created_at: "2020-01-05T00:00:00Z", error: "operatorcopy" }),
    });
  }
  const sweep = await json(archive, "retention", "sweep", "--retention-days", "100", "--yes");
  const deleted = (sweep["indices"] as { name: string; action: string }[]).filter(({ action }) => action === "deleted");
  expect(deleted.filter(({ name }) => names.includes(name))).toEqual([]);
  for (const name of names) expect((await fetch(`${archive.elasticsearchUrl}/${name}`)).status).toBe(200);

  const status = await json(archive, "status");
  expect((status["indices"] as { name: string }[]).filter(({ name }) => names.includes(name))).toEqual([]);
  expect(await json(archive, "search", "operatorcopy")).toMatchObject({ total: 0 });
  const restore = await json(archive, "restore", "--tenant-id", tenantId, "--start-date", "2000-01-01", "--dry-run");
  expect(restore).toMatchObject({ byTable: { workflow_runs: { restored: 0 } } });
});

test("another database under the same prefix is refused until it says that it shares it, and then leaves the other's indices alone", async () => {
  const first = await archiveWithLogs();
  const second = { ...(await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 2 })), prefix: first.prefix };
  archives.push(second);
  for (const table of ["workflow_runs", "workflow_app_logs", "workflow_node_executions"])
    await second.sql.query(`UPDATE ${table} SET tenant_id = '11111111-2222-4333-8444-555555555555'`);
  expect(await json(second, "migrate")).toMatchObject({ error: { code: "archive_of_another" } });
  const before = await meta(first);
  expect((await app(second, "retention", "sweep", "--dry-run")).code).toBe(1);
  expect(await app(second, "takeover", "--yes")).toMatchObject({ code: 2 }); // there is no archive yet to go on with
  expect(await runAppHere(second, ["db", "upgrade"])).toMatchObject({ code: 0 });
  expect(await json(second, "takeover", "--yes")).toMatchObject({ indices: [], displaced: [] });
  expect(await app(second, "migrate")).toMatchObject({ code: 0 });
  expect(await app(first, "migrate")).toMatchObject({ code: 0 });
  expect(await meta(first)).toMatchObject(before);
});

test("an archive made before marks named one is adopted once: what its state knows, and nothing else", async () => {
  const archive = await archiveWithLogs();
  const own = Object.keys(await meta(archive));
  const stranger = `${archive.prefix}-workflow-runs-11111111-2222-4333-8444-555555555555-2020.01`;
  await fetch(`${archive.elasticsearchUrl}/${stranger}`, { method: "PUT" });
  for (const name of [...own, stranger])
    await setMeta(archive, name, { managed_by: "log-archive", template_version: 1 });
  await asBefore(archive);

  const before = await json(archive, "status");
  expect((before["indices"] as unknown[]).length).toBe(own.length);
  expect(await app(archive, "migrate")).toMatchObject({ code: 0 });
  const { rows } = await archive.sql.query<{ id: string }>("SELECT id::text AS id FROM log_archive.archive");
  const marks = await meta(archive);
  for (const name of own) expect(marks[name]).toMatchObject({ archive: rows[0]!.id });
  expect(marks[stranger]).not.toHaveProperty("archive");
  expect((await json(archive, "validate", "--full"))["status"]).toBe("match");

  await setMeta(archive, own[0]!, { managed_by: "log-archive", template_version: 1 });
  const refused = await json(archive, "migrate", "--restart");
  expect(refused).toMatchObject({
    status: "completed_with_errors",
    waiting: [{ reason: expect.stringContaining("has no mark of this archive") as string }],
  });
  expect(await json(archive, "takeover", "--yes")).toMatchObject({
    indices: [{ name: own[0] }],
    leftAlone: [stranger],
  });
  expect(await app(archive, "migrate")).toMatchObject({ code: 0 });
});

/** The state as a program left it that knew of no archives. */
async function asBefore({ sql, elasticsearchUrl, prefix }: TestArchive): Promise<void> {
  await sql.query(
    "UPDATE log_archive.archive SET id = gen_random_uuid(), system_identifier = NULL, database_oid = NULL, table_oid = NULL, database_name = NULL, timeline = NULL, source_time_zone = NULL, index_prefix = NULL, claimed_at = NULL, adopted_at = NULL",
  );
  await sql.query("DELETE FROM log_archive.archive_tokens");
  await fetch(`${elasticsearchUrl}/_component_template/${prefix}-archive-*`, { method: "DELETE" });
}

async function setMeta({ elasticsearchUrl }: TestArchive, name: string, _meta: object): Promise<void> {
  const answer = await fetch(`${elasticsearchUrl}/${name}/_mapping`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ _meta }),
  });
  expect(answer.status).toBe(200);
}
