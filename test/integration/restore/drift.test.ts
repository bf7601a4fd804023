import { afterEach, expect, test } from "vitest";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { deleteLogs, dumpLogs, restoreOnce, tenantsOf } from "./restore-archive.ts";

const nodes = "workflow_node_executions";
const offloads = "workflow_node_execution_offload";

let archive: TestArchive;
let tenant: string;
afterEach(() => archive.drop());

/** Rows that were archived and deleted, after a change of the tables or rows; returns the dump from before. */
async function archiveOf(before: string): Promise<Record<string, Record<string, string>>> {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 1 });
  tenant = (await tenantsOf(archive.sql))[0]!;
  const dump = await dumpLogs(archive.sql);
  await archive.sql.query(before);
  await migrateOnce(archive);
  await deleteLogs(archive.sql, "true");
  return dump;
}

/**
 * With this change of the tables a restore and its dry run are refused with these words before any row is written; the
 * change is taken back.
 */
async function expectRefusal(change: string, ...words: string[]): Promise<void> {
  await archive.sql.query(change);
  for (const dryRun of [true, false]) {
    const refusal = await restoreOnce(archive, tenant, { dryRun }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: "column_drift",
      hint: expect.stringContaining("Nothing was written") as string,
    });
    for (const word of words) expect((refusal as Error).message).toContain(word);
  }
  expect(await tenantsOf(archive.sql)).toEqual([]);
}

test("tables that could not take every archived value are refused before anything is written", async () => {
  await archiveOf(
    `ALTER TABLE ${nodes} ADD retry_index int;
     UPDATE ${nodes} SET retry_index = 0 WHERE id = (SELECT max(id::text)::uuid FROM ${nodes});
     UPDATE ${nodes} SET error = NULL WHERE id = (SELECT max(id::text)::uuid FROM ${nodes});
     INSERT INTO ${offloads} (tenant_id, app_id, node_execution_id, type, file_id)
       SELECT tenant_id, app_id, id, 'a type', gen_random_uuid() FROM ${nodes} LIMIT 5`,
  );

  await expectRefusal(`ALTER TABLE ${nodes} DROP retry_index`, `${nodes} has no column retry_index`, "1 archived row");
  await archive.sql.query(`ALTER TABLE ${nodes} ADD retry_index int`);
  await expectRefusal(`ALTER TABLE ${nodes} ADD shard text NOT NULL`, `${nodes}.shard must not be NULL`, "60 archived");
  await archive.sql.query(`ALTER TABLE ${nodes} DROP shard`);
  await expectRefusal(
    `ALTER TABLE ${nodes} ALTER error SET DEFAULT '', ALTER error SET NOT NULL`,
    `${nodes}.error must not be NULL`,
  );
  await archive.sql.query(`ALTER TABLE ${nodes} ALTER error DROP NOT NULL`);
  await expectRefusal(`ALTER TABLE ${offloads} DROP app_id`, `${offloads} has no column app_id`);
  await expectRefusal(`DROP TABLE ${offloads}`, `no table ${offloads}`);
});

test("columns that lose nothing are named, and what is restored counts as equal", async () => {
  const before = await archiveOf(`ALTER TABLE ${nodes} ADD gone int`);
  await archive.sql.query(
    `ALTER TABLE ${nodes} DROP gone, ADD shard text NOT NULL DEFAULT 'first', ADD note text, ADD more int DEFAULT 7`,
  );

  const report = await restoreOnce(archive, tenant);

  expect(report.status).toBe("completed");
  expect(report.notes).toHaveLength(4);
  for (const name of ["gone", "more", "note", "shard"])
    expect(report.notes.join("\n")).toMatch(new RegExp(`\\b${name}\\b`));
  expect((await archive.sql.query(`SELECT DISTINCT shard, note, more FROM ${nodes}`)).rows).toEqual([
    { shard: "first", note: null, more: 7 },
  ]);
  const again = await restoreOnce(archive, tenant);
  expect(again.byTable[nodes]).toMatchObject({ restored: 0, present: 60, different: 0 });
  await archive.sql.query(`ALTER TABLE ${nodes} DROP shard, DROP note, DROP more`);
  expect(await dumpLogs(archive.sql)).toEqual(before);
});

test("a column of another type refuses its rows; a role without the privileges is told which", async () => {
  await archiveOf("SELECT");
  await archive.sql.query(`ALTER TABLE ${nodes} ALTER node_type TYPE int USING 1`);

  const role = `restorer_${process.pid}`;
  await archive.sql.query(
    `CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`,
  );
  try {
    const url = new URL(archive.databaseUrl);
    [url.username, url.password] = [role, "x"];
    await expect(restoreOnce({ ...archive, databaseUrl: url.href }, tenant)).rejects.toMatchObject({
      code: "database_privilege",
      message: expect.stringContaining("INSERT ON") as string,
    });
  } finally {
    await archive.sql.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }

  const report = await restoreOnce(archive, tenant);
  expect(report.byTable[nodes]).toMatchObject({ documents: 60, restored: 0, refused: 60 });
  expect(report.findings[0]!.reason).toContain("node_type");
});
