import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { PurgeStep } from "../../../src/workflow-logs/cleanup/delete-rows.ts";
import { cleanupOnce, keptRows } from "../../support/cleanup-archive.ts";
import { type InsertedRun, insertOffload, insertRun } from "../../support/insert-run.ts";
import { runAppHere } from "../../support/app-here.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({});
});
afterAll(() => archive.drop());
afterEach(async () => {
  const { sql } = archive;
  await sql.query("drop schema if exists crm cascade");
  await sql.query("alter table workflow_runs drop column if exists parent_id, drop column if exists place");
  await sql.query("drop function if exists public.mine() cascade");
});

interface Scene {
  tenantId: string;
  runs: InsertedRun[];
}

/** A tenant with runs of one node execution and one app log each, all copied. */
async function scene(runs = 3): Promise<Scene> {
  const tenantId = randomUUID();
  const inserted: InsertedRun[] = [];
  for (let at = 0; at < runs; at++) inserted.push(await insertRun(archive.sql, { tenantId }));
  await migrateOnce(archive, { scope: { tenantIds: [tenantId] } });
  return { tenantId, runs: inserted };
}

async function left(table: string, tenantId: string): Promise<string[]> {
  const { rows } = await archive.sql.query<{ id: string }>(
    `select id::text as id from ${table} where tenant_id::text = $1 order by id`,
    [tenantId],
  );
  return rows.map(({ id }) => id);
}

async function rowsOf(table: string, sql = archive.sql): Promise<object[]> {
  return (await sql.query<object>(`select * from ${table} order by 1`)).rows;
}

const rules = [
  "on delete cascade",
  "on delete set null",
  "on delete set default",
  "on delete restrict",
  "on delete no action deferrable initially deferred",
];

const logTables = {
  workflow_runs: (run: InsertedRun) => run.runId,
  workflow_node_executions: (run: InsertedRun) => run.nodeIds[0]!,
  workflow_app_logs: (run: InsertedRun) => run.logId,
};

test.each(rules)(
  "rows that a foreign key of the operator's own (%s) refers to are kept, named beforehand, and the rest goes",
  async (rule) => {
    const { sql } = archive;
    const { tenantId, runs } = await scene();
    const kept = runs[1]!;
    await sql.query("create schema crm");
    for (const [table, id] of Object.entries(logTables)) {
      await sql.query(
        `create table crm.of_${table} (note text, log uuid constraint "held ${table}" references public.${table} ${rule})`,
      );
      await sql.query(`insert into crm.of_${table} values ('mine', $1)`, [id(kept)]);
    }
    const before = await Promise.all(Object.keys(logTables).map((table) => rowsOf(`crm.of_${table}`)));

    const pretended = await cleanupOnce(archive, { tenantId, dryRun: true });
    const report = await cleanupOnce(archive, { tenantId });

    const held = Object.keys(logTables).map((table) => expect.objectContaining({ name: `held ${table}`, rows: 1 }));
    for (const { foreignKeys, byTable } of [pretended, report]) {
      expect(foreignKeys).toEqual(expect.arrayContaining(held));
      for (const table of Object.keys(logTables))
        expect(byTable[table]).toMatchObject({ rows: 3, eligible: 2, kept: { foreign_key: 1 } });
    }
    expect(report.status).toBe("completed");
    for (const [table, id] of Object.entries(logTables)) expect(await left(table, tenantId)).toEqual([id(kept)]);
    expect(await Promise.all(Object.keys(logTables).map((table) => rowsOf(`crm.of_${table}`)))).toEqual(before);
  },
);

test.each(rules)(
  "an offload row that a foreign key (%s) refers to keeps its node execution and its run",
  async (rule) => {
    const { sql } = archive;
    const tenantId = randomUUID();
    const run = await insertRun(sql, { tenantId });
    const offload = await insertOffload(sql, tenantId, run.nodeIds[0]!, "outputs");
    await migrateOnce(archive, { scope: { tenantIds: [tenantId] } });
    await sql.query("create schema crm");
    await sql.query(`create table crm.files (id uuid references public.workflow_node_execution_offload ${rule})`);
    await sql.query("insert into crm.files values ($1)", [offload]);
    const report = await cleanupOnce(archive, { tenantId });
    expect(keptRows(report)).toEqual({ foreign_key: 1, children_left: 1 });
    expect(await rowsOf("crm.files")).toEqual([{ id: offload }]);
    expect(await left("workflow_node_execution_offload", tenantId)).toEqual([offload]);
  },
);

test("composite keys, partitioned tables and partitions, and tables of the same name elsewhere are followed", async () => {
  const { sql } = archive;
  const { tenantId, runs } = await scene(5);
  await sql.query("alter table workflow_runs add column place int");
  await sql.query("create schema crm");
  await sql.query("create unique index on workflow_runs (tenant_id, id)");
  await sql.query(
    `create table crm.workflow_runs (tenant uuid, run uuid, foreign key (tenant, run) references public.workflow_runs (tenant_id, id) on delete cascade)`,
  );
  await sql.query(
    `create table crm.parted (at int, run uuid constraint parted references public.workflow_runs on delete set null) partition by list (at)`,
  );
  await sql.query("create table crm.parted_1 partition of crm.parted for values in (1)");
  await sql.query("create table crm.parted_2 partition of crm.parted for values in (2)");
  await sql.query(
    "alter table crm.parted_2 add constraint only_here foreign key (run) references public.workflow_runs on delete cascade",
  );
  await sql.query("insert into crm.workflow_runs values ($1, $2), ($1, null), ($3, null)", [
    tenantId,
    runs[0]!.runId,
    randomUUID(),
  ]);
  await sql.query("insert into crm.parted values (1, $1), (2, $2)", [runs[1]!.runId, runs[2]!.runId]);
  const before = [await rowsOf("crm.workflow_runs"), await rowsOf("crm.parted")];

  const report = await cleanupOnce(archive, { tenantId });

  expect(report.byTable["workflow_runs"]).toMatchObject({ deleted: 2, kept: { foreign_key: 3 } });
  expect(await left("workflow_runs", tenantId)).toEqual(
    runs
      .slice(0, 3)
      .map(({ runId }) => runId)
      .toSorted(),
  );
  expect([await rowsOf("crm.workflow_runs"), await rowsOf("crm.parted")]).toEqual(before);
  expect(report.foreignKeys.map(({ name, table, rows }) => [name, table, rows])).toEqual([
    ["workflow_runs_tenant_run_fkey", "crm.workflow_runs", 1],
    ["parted", "crm.parted", expect.any(Number)],
    ["only_here", "crm.parted_2", expect.any(Number)],
  ]);
  expect(report.foreignKeys.reduce((sum, { rows }) => sum + rows, 0)).toBe(3);
});

test.each(["cascade", "set null", "restrict"])(
  "a table that refers to itself (on delete %s) goes from its ends, and a row that refers to itself is no obstacle",
  async (action) => {
    const { sql } = archive;
    const { tenantId, runs } = await scene(3);
    const [root, child, own] = runs.map(({ runId }) => runId);
    await sql.query(`alter table workflow_runs add column parent_id uuid references workflow_runs on delete ${action}`);
    await sql.query("update workflow_runs set parent_id = $1 where id = $2", [root, child]);
    await sql.query("update workflow_runs set parent_id = id where id = $1", [own]);
    await migrateOnce(archive, { scope: { tenantIds: [tenantId] }, restart: true });

    const first = await cleanupOnce(archive, { tenantId });
    expect(first.byTable["workflow_runs"]).toMatchObject({ deleted: 2, kept: { foreign_key: 1 } });
    expect(await left("workflow_runs", tenantId)).toEqual([root]);
    const second = await cleanupOnce(archive, { tenantId });
    expect(second.byTable["workflow_runs"]).toMatchObject({ deleted: 1, kept: {} });
  },
);

function once(step: PurgeStep, change: () => Promise<unknown>, occurrence = 1): (now: PurgeStep) => Promise<void> {
  let seen = 0;
  return async (now) => {
    if (now === step && ++seen === occurrence) await change();
  };
}

test.each(rules.flatMap((rule) => (["compared", "begun"] as const).map((step) => [rule, step] as const)))(
  "a reference (%s) made between the look and the delete (%s) keeps its row",
  async (rule, step) => {
    const { sql } = archive;
    const { tenantId, runs } = await scene();
    await sql.query("create schema crm");
    await sql.query(`create table crm.notes (run uuid references public.workflow_runs ${rule})`);
    const refer = () => sql.query("insert into crm.notes values ($1)", [runs[1]!.runId]);
    const report = await cleanupOnce(archive, { tenantId, dataTypes: ["node_executions"] });
    expect(report.byTable["workflow_node_executions"]).toMatchObject({ deleted: 3 });

    const ofRuns = await cleanupOnce(archive, {
      tenantId,
      dataTypes: ["app_logs", "workflow_runs"],
      atStep: once(step, refer, 2),
    });

    expect(ofRuns.byTable["workflow_runs"]).toMatchObject({ deleted: 2, kept: { foreign_key: 1 } });
    expect(await left("workflow_runs", tenantId)).toEqual([runs[1]!.runId]);
    expect(await rowsOf("crm.notes")).toEqual([{ run: runs[1]!.runId }]);
  },
);

// a deferred key takes its lock only when its row is committed, which then fails for a row that is gone
test.each(rules.map((rule) => rule.replace("initially deferred", "initially immediate")))(
  "a reference (%s) that is not committed when its row is to be deleted, and is while the delete waits for it, keeps its row",
  async (rule) => {
    const { sql } = archive;
    const { tenantId, runs } = await scene();
    await sql.query("create schema crm");
    await sql.query(`create table crm.notes (run uuid references public.workflow_runs ${rule})`);
    const other = new Client({ connectionString: archive.databaseUrl });
    await other.connect();
    try {
      const refer = async (): Promise<void> => {
        await other.query("begin");
        await other.query("insert into crm.notes values ($1)", [runs[1]!.runId]);
        // when the delete waits for the lock that the new row holds on its run
        committed = (async () => {
          const isWaiting = async () =>
            (
              await sql.query(
                "select from pg_locks l join pg_stat_activity a using (pid) where not granted and datname = current_database()",
              )
            ).rows.length > 0;
          while (!(await isWaiting())) await sleep(1);
          await other.query("commit");
        })();
      };
      let committed: Promise<void> | undefined;
      const report = await cleanupOnce(archive, { tenantId, atStep: once("begun", refer, 3) });
      await committed;
      expect(report.byTable["workflow_runs"]).toMatchObject({ deleted: 2, kept: { foreign_key: 1 } });
      expect(await rowsOf("crm.notes")).toEqual([{ run: runs[1]!.runId }]);
    } finally {
      await other.end();
    }
  },
);

test("a table that refers to logs and cannot be read, or hides rows, is named with what helps, and nothing is deleted", async () => {
  const own = await createTestArchive({});
  const { sql } = own;
  const role = `purger_${randomUUID().slice(0, 8)}`;
  await sql.query(`create role ${role} login password 'x'`);
  try {
    await sql.query(
      `create schema log_archive authorization ${role}; grant select, delete on all tables in schema public to ${role}`,
    );
    const url = new URL(own.databaseUrl);
    [url.username, url.password] = [role, "x"];
    const asRole = { ...own, databaseUrl: url.href };
    const tenantId = randomUUID();
    const { runId } = await insertRun(sql, { tenantId });
    await migrateOnce(asRole);
    await sql.query(
      "create schema crm; create table crm.notes (run uuid references public.workflow_runs on delete cascade)",
    );
    await sql.query("insert into crm.notes values ($1)", [runId]);

    const refused = { code: "references_hidden", message: expect.stringContaining("crm.notes") as string };
    const needs = (hint: string | RegExp) => ({ ...refused, hint: expect.stringMatching(hint) as string });
    const select = `GRANT SELECT ON crm.notes TO "${role}"`;
    await expect(cleanupOnce(asRole, { tenantId })).rejects.toMatchObject(
      needs(`GRANT USAGE ON SCHEMA crm TO "${role}"; ${select}`),
    );
    const preflight = await runAppHere(asRole, ["elasticsearch", "preflight", "--for", "cleanup-pg"]);
    expect(preflight.code).toBe(3);
    expect(preflight.stdout).toContain(select);
    await sql.query(`grant usage on schema crm to ${role}`);
    await expect(cleanupOnce(asRole, { tenantId })).rejects.toMatchObject(needs(`^${select}`));
    await sql.query(`grant select on crm.notes to ${role}; alter table crm.notes enable row level security`);
    await expect(cleanupOnce(asRole, { tenantId })).rejects.toMatchObject(needs("BYPASSRLS"));
    expect(await rowsOf("workflow_runs", sql)).toHaveLength(1);
    await sql.query("alter table crm.notes disable row level security");
    expect(keptRows(await cleanupOnce(asRole, { tenantId }))).toEqual({ foreign_key: 1, run_kept: 1 });
    expect(await rowsOf("crm.notes", sql)).toEqual([{ run: runId }]);
  } finally {
    await sql.query(`drop owned by ${role} cascade; drop role ${role}`);
    await own.drop();
  }
});

test.each(["on delete cascade", "on delete restrict"])(
  "a foreign key (%s) that is made while logs are purged ends the purge before it acts",
  async (rule) => {
    const { sql } = archive;
    const { tenantId, runs } = await scene();
    const refer = async (): Promise<void> => {
      await sql.query(`create schema crm; create table crm.notes (run uuid references public.workflow_runs ${rule})`);
      await sql.query("insert into crm.notes values ($1)", [runs[1]!.runId]);
    };
    const purge = cleanupOnce(archive, { tenantId, atStep: once("compared", refer, 3) });
    await expect(purge).rejects.toMatchObject({ code: "references_changed" });
    expect(await rowsOf("crm.notes")).toEqual([{ run: runs[1]!.runId }]);
    expect(keptRows(await cleanupOnce(archive, { tenantId }))).toEqual({ foreign_key: 1 });
  },
);

const acting = {
  "a trigger": "create trigger made_now before delete on workflow_runs for each row execute function public.mine()",
  "a trigger for statements": "create trigger made_now after delete on workflow_runs execute function public.mine()",
  "a trigger that was switched off": "alter table workflow_runs enable trigger made_now",
  "a rule": "create rule made_now as on delete to workflow_runs do also insert into crm.seen values (old.id)",
};

test.each(Object.entries(acting))(
  "%s that is made while logs are purged ends the purge before it acts, and is named by the next one",
  async (what, statement) => {
    const { sql } = archive;
    const { tenantId, runs } = await scene();
    await sql.query("create schema crm; create table crm.seen (id uuid)");
    await sql.query(
      "create function public.mine() returns trigger language plpgsql as 'begin insert into crm.seen values (gen_random_uuid()); return old; end'",
    );
    if (what.endsWith("off"))
      await sql.query(`${acting["a trigger"]}; alter table workflow_runs disable trigger made_now`);
    const purge = cleanupOnce(archive, { tenantId, atStep: once("compared", () => sql.query(statement), 3) });
    await expect(purge).rejects.toMatchObject({
      code: "triggers_changed",
      message: /made_now on the deletes of workflow_runs/,
    });
    expect(await rowsOf("crm.seen")).toEqual([]);
    expect(await left("workflow_runs", tenantId)).toEqual(runs.map(({ runId }) => runId).toSorted());

    const report = await cleanupOnce(archive, { tenantId });
    expect(report.deleteTriggers).toEqual([{ name: "made_now", table: "workflow_runs" }]);
    expect(await left("workflow_runs", tenantId)).toEqual([]);
    expect((await rowsOf("crm.seen")).length).toBeGreaterThan(0);
    await sql.query("drop rule if exists made_now on workflow_runs");
  },
);

test.each(["workflow_runs", "workflow_node_executions"])(
  "a rule that puts something else in the place of deletes of %s is named, and nothing is deleted",
  async (table) => {
    const { sql } = archive;
    const { tenantId, runs } = await scene();
    await sql.query(`create rule kept_for_ever as on delete to ${table} do instead nothing`);
    try {
      const message = expect.stringContaining(`kept_for_ever on ${table}`) as string;
      await expect(cleanupOnce(archive, { tenantId })).rejects.toMatchObject({ code: "delete_replaced", message });
      await expect(cleanupOnce(archive, { tenantId, dryRun: true })).rejects.toMatchObject({ message });
      const preflight = await runAppHere(archive, ["elasticsearch", "preflight", "--for", "cleanup-pg"]);
      expect(preflight).toMatchObject({
        code: 3,
        stdout: expect.stringContaining(`kept_for_ever on ${table}`) as string,
      });
      expect(await left("workflow_app_logs", tenantId)).toHaveLength(runs.length);
    } finally {
      await sql.query(`drop rule kept_for_ever on ${table}`);
    }
  },
);

test("the dry run and preflight name foreign keys and what the operator made to happen on a delete", async () => {
  const { sql } = archive;
  const { tenantId, runs } = await scene(2);
  await sql.query("create schema crm");
  await sql.query(
    "create table crm.notes (run uuid constraint notes_run references public.workflow_runs on delete cascade)",
  );
  await sql.query("insert into crm.notes values ($1)", [runs[0]!.runId]);
  await sql.query("create function public.mine() returns trigger language plpgsql as 'begin return old; end'");
  await sql.query(
    "create trigger audit_deletes before delete on workflow_runs for each row execute function public.mine()",
  );
  await sql.query(
    "create trigger off after delete on workflow_runs execute function public.mine(); alter table workflow_runs disable trigger off",
  );
  await sql.query("create trigger inserts before insert on workflow_runs for each row execute function public.mine()");
  const report = await cleanupOnce(archive, { tenantId, dryRun: true });
  expect(report.deleteTriggers).toEqual([{ name: "audit_deletes", table: "workflow_runs" }]);
  expect(report.foreignKeys).toEqual([
    { name: "notes_run", table: "crm.notes", refersTo: "workflow_runs", onDelete: "cascade", rows: 1 },
  ]);
  const dry = await runAppHere(archive, [
    ..."elasticsearch cleanup-pg --before-date 2026-01-01 --allow-unreplicated --dry-run --tenant-id".split(" "),
    tenantId,
  ]);
  for (const named of ["notes_run", "crm.notes", "audit_deletes"]) expect(dry.stdout).toContain(named);
  const preflight = await runAppHere(archive, ["elasticsearch", "preflight", "--for", "cleanup-pg"]);
  for (const named of ["notes_run of crm.notes", "audit_deletes"]) expect(preflight.stdout).toContain(named);
});
