import type { Client } from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listIndices } from "../../../src/stores/elasticsearch/indices/index-list.ts";
import { createdAtIndex } from "../../../src/workflow-logs/migrate/listing/how-to-save-scans.ts";
import { dataTypes, logTypes, resources } from "../../../src/workflow-logs/partitions/log-types.ts";
import { keysQuery, type PlanContext } from "../../../src/workflow-logs/partitions/plan-query.ts";
import { inspectSources, zoneOf } from "../../../src/workflow-logs/partitions/source-schema.ts";
import { createPrng, type Prng } from "../../../dev/sample-logs/prng.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce, uninstallOnce } from "../../support/capture.ts";
import { compareStores } from "../../support/compare-stores.ts";
import {
  copiedRows,
  createTestArchive,
  documentsByIndex,
  insertRows,
  migrateOnce,
  type MigrateCall,
  type TestArchive,
} from "../../support/test-archive.ts";
import { touchedBlocks } from "../../support/touched-blocks.ts";
import { withTestConnections } from "../../support/test-connections.ts";

const tables = dataTypes.map((type) => logTypes[type].table);
const [nodes, tenantA] = ["workflow_node_executions", "00000000-0000-4000-8000-00000000000a"];

let archive: TestArchive;
beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 2, months: 2, seed: 3 });
});
afterEach(() => archive.drop());

/** How each table was listed, in the order of the data types; a reason where it was read from end to end. */
async function planningOf(call?: MigrateCall): Promise<string[]> {
  const { planning, status, shortfalls } = await migrateOnce(archive, call);
  expect({ status, shortfalls }).toEqual({ status: "completed", shortfalls: [] });
  return planning.map(({ by, why }) => (why === undefined ? by : `${by}: ${why}`));
}

async function expectEqualStores(): Promise<void> {
  expect((await compareStores(archive)).differences).toEqual([]);
  expect(await copiedRows(archive.sql)).toEqual(await documentsByIndex(archive));
}

const byNotes = ["notes", "notes", "notes"];
const notYet = "scan: no run has yet copied all of this range and these tenants";
const newRow = { count: 1, like: "true", createdAt: "(SELECT max(created_at) FROM workflow_node_executions)" };

describe("with capture", () => {
  beforeEach(async () => {
    await installOnce(archive);
    expect(await planningOf()).toEqual([notYet, notYet, notYet]);
  });

  test("rows written since are found by their notes, also into a new month, for a new tenant, late and moved", async () => {
    for (const table of tables) {
      await insertRows(archive.sql, { table, like: "true", count: 2, createdAt: "clock_timestamp()::timestamp" });
      await insertRows(archive.sql, { table, like: "true", count: 2, createdAt: "'2024-02-29 12:00'" });
      const set = `tenant_id = '${tenantA}'`;
      await insertRows(archive.sql, { table, like: "true", count: 2, createdAt: "'2025-09-10'", set });
      await archive.sql.query(
        `UPDATE ${table} SET created_at = created_at - interval '90 days' WHERE id = (SELECT min(id::text)::uuid FROM ${table})`,
      );
    }
    expect(await planningOf()).toEqual(byNotes);
    await expectEqualStores();
    expect(await planningOf()).toEqual(byNotes);
    await expectEqualStores();
  });

  test("what apply-dirty has written is counted by the next run, once", async () => {
    for (const table of tables)
      await insertRows(archive.sql, { table, like: "true", count: 3, createdAt: "clock_timestamp()::timestamp" });
    await applyOnce(archive);
    expect((await compareStores(archive)).differences).toEqual([]);
    expect(await planningOf()).toEqual(byNotes);
    await expectEqualStores();
    const left = async (): Promise<unknown[]> => {
      const { rows } = await archive.sql.query(
        "SELECT * FROM log_archive.applied_rows WHERE record_id NOT IN (SELECT id::text FROM workflow_app_logs)",
      );
      if (rows.length > 0) await migrateOnce(archive); // a transaction elsewhere on this server made it wait
      return rows;
    };
    await expect.poll(left, { timeout: 60_000, interval: 1000 }).toEqual([]);
    const states = await archive.sql.query("SELECT DISTINCT state FROM log_archive.partitions");
    expect(states.rows).toEqual([{ state: "copied" }]);
  });

  test("a row that had not ended is written again when its end was noted, and not looked at before", async () => {
    const { rows } = await archive.sql.query<{ id: string }>(
      `UPDATE ${nodes} SET status = 'running' WHERE id = (SELECT min(id::text)::uuid FROM ${nodes}) RETURNING id::text AS id`,
    );
    await planningOf();
    await planningOf();
    const open = "SELECT record_id FROM log_archive.open_rows WHERE record_id = $1";
    expect((await archive.sql.query(open, [rows[0]!.id])).rowCount).toBe(1);
    await archive.sql.query(`UPDATE ${nodes} SET status = 'succeeded', outputs = '{"end": 1}' WHERE id = $1`, [
      rows[0]!.id,
    ]);
    expect(await planningOf()).toEqual(byNotes);
    expect((await archive.sql.query(open, [rows[0]!.id])).rowCount).toBe(0);
    await expectEqualStores();
  });

  test("a row written while a trigger was switched off is found by a scan, though it is on again", async () => {
    await archive.sql.query(`ALTER TABLE ${nodes} DISABLE TRIGGER log_archive_insert`);
    await insertRows(archive.sql, { table: nodes, ...newRow });
    await archive.sql.query(`ALTER TABLE ${nodes} ENABLE ALWAYS TRIGGER log_archive_insert`);
    const changed = "scan: the triggers of capture were changed since it was read last";
    expect(await planningOf()).toEqual([changed, changed, changed]);
    await expectEqualStores();
    expect(await planningOf()).toEqual(byNotes);
  });

  test("a session that replicates fires the triggers too", async () => {
    await archive.sql.query("SET session_replication_role = replica");
    await insertRows(archive.sql, { table: nodes, ...newRow });
    await archive.sql.query("RESET session_replication_role");
    expect(await planningOf()).toEqual(byNotes);
    await expectEqualStores();
  });

  test("after a gap, and after capture went and came back, a run scans once", async () => {
    await archive.sql.query("SELECT log_archive.count_gap()");
    const gap = "scan: capture has missed writes since it was read last";
    expect(await planningOf()).toEqual([gap, gap, gap]);
    expect(await planningOf()).toEqual(byNotes);
    await uninstallOnce(archive);
    await insertRows(archive.sql, { table: nodes, ...newRow });
    await installOnce(archive);
    expect(await planningOf()).toEqual([gap, gap, gap]);
    await expectEqualStores();
  });

  test("an index that is gone, or made anew by apply-dirty, makes a run read its table whole", async () => {
    const { rows } = await archive.sql.query<{ index: string; month: string; tenant: string }>(
      "SELECT index_name AS index, month, tenant_id AS tenant FROM log_archive.partitions WHERE data_type = 'node_executions' ORDER BY 1 LIMIT 1",
    );
    const { index, month, tenant } = rows[0]!;
    const drop = () => fetch(`${archive.elasticsearchUrl}/${index}`, { method: "DELETE" });
    expect((await drop()).status).toBe(200);
    const gone = `scan: the index of node_executions/${tenant}/${month} is gone, or is another`;
    expect(await planningOf()).toEqual(["notes", "notes", gone]);
    await expectEqualStores();

    await planningOf();
    expect((await drop()).status).toBe(200);
    await archive.sql.query(
      `UPDATE ${nodes} SET title = 'x' WHERE id = (SELECT id FROM ${nodes} WHERE tenant_id = $1 AND to_char(created_at, 'YYYY-MM') = $2 LIMIT 1)`,
      [tenant, month],
    );
    await applyOnce(archive);
    expect((await planningOf())[2]).toBe(notYet);
    await expectEqualStores();
  });

  test("documents that somebody deleted are found missing, looked for in the whole table and written again", async () => {
    const [index] = Object.keys(await documentsByIndex(archive)).filter((name) => name.includes("node-executions"));
    const found = await fetch(`${archive.elasticsearchUrl}/${index}/_search?size=2&_source=false`);
    const { hits } = (await found.json()) as { hits: { hits: { _id: string }[] } };
    for (const { _id } of hits.hits) {
      const url = `${archive.elasticsearchUrl}/${index}/_doc/${_id}?refresh=true`;
      expect((await fetch(url, { method: "DELETE" })).status).toBe(200);
    }
    const { planning, shortfalls, status } = await migrateOnce(archive);
    expect(planning.map(({ by }) => by)).toEqual(["notes", "notes", "scan"]);
    expect(planning[2]!.why).toMatch(/^node_executions.* has fewer documents than were confirmed$/);
    expect(shortfalls).toMatchObject([{ dataType: "node_executions", vanished: 2, copied: 2, lost: 0 }]);
    expect(status).toBe("completed_with_errors");
    await expectEqualStores();
    await planningOf();
    expect(await planningOf()).toEqual(byNotes);
  });

  test("a scope that is part of one that was read is not read again; another is, and one for a tenant without rows counts", async () => {
    const { rows } = await archive.sql.query<{ tenant: string }>(`SELECT min(tenant_id::text) AS tenant FROM ${nodes}`);
    const tenantIds = [rows[0]!.tenant];
    expect(await planningOf({ scope: { tenantIds } })).toEqual(byNotes);
    expect(await planningOf({ scope: { start: "2025-01-01 00:00:00.000000" } })).toEqual(byNotes);

    await archive.sql.query("DELETE FROM log_archive.listed_scopes; DELETE FROM log_archive.runs");
    const scope = { tenantIds: [tenantA] };
    expect(await planningOf({ scope })).toEqual([notYet, notYet, notYet]);
    await insertRows(archive.sql, { table: nodes, ...newRow, set: `tenant_id = '${tenantA}'` });
    await applyOnce(archive); // keeps the note of a tenant that the archive is for
    expect(await planningOf({ scope })).toEqual(byNotes);
    expect(await planningOf()).toEqual([notYet, notYet, notYet]);
    await expectEqualStores();
  });

  test("a run that left a month waiting does not count; the next one scans, and --restart always does", async () => {
    await archive.sql.query("SELECT log_archive.count_gap()");
    const [index] = Object.keys(await documentsByIndex(archive)).filter((name) => name.includes("node-executions"));
    const block = (on: boolean) =>
      fetch(`${archive.elasticsearchUrl}/${index}/_settings`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ "index.blocks.write": on }),
      });
    const [, tenant, month] = /executions-(.*)-(\d{4}\.\d{2})$/.exec(index!)!;
    await block(true);
    const createdAt = `'${month!.replace(".", "-")}-28 23:59:59'`;
    await insertRows(archive.sql, { table: nodes, like: `tenant_id = '${tenant}'`, count: 1, createdAt });
    expect((await migrateOnce(archive)).status).toBe("completed_with_errors");
    await block(false);
    expect((await planningOf())[2]).toBe(notYet);
    await expectEqualStores();
    expect(await planningOf({ restart: true })).toEqual(Array(3).fill("scan: everything is copied again"));
    expect(await planningOf()).toEqual(byNotes);
    await expectEqualStores();
  });

  const seeds = process.env["TEST_FULL"] === "1" ? [1, 2, 3, 4, 5, 6, 7, 8] : [1];
  test.each(seeds)("random writes, seed %i: notes list every row that a scan lists", async (seed) => {
    const prng = createPrng(`${seed}`);
    for (let round = 0; round < 6; round++) {
      for (let at = 0; at < 12; at++) await writeSomething(archive.sql, prng);
      if (prng.chance(0.3)) await applyOnce(archive);
      for (const [table, { byScan, byNote }] of Object.entries(await bothPlans())) {
        expect([table, byNote]).toEqual([table, expect.arrayContaining(byScan)]);
      }
      for (const how of await planningOf({ followDeletes: true }))
        // rows that moved within a month
        expect(how).toMatch(/^notes$|^scan: .* has fewer documents than were confirmed$/);
      for (const { byScan, byNote } of Object.values(await bothPlans())) {
        expect(byScan.filter((id) => !byNote.includes(id))).toEqual([]);
      }
    }
    expect((await compareStores(archive)).differences).toEqual([]);
  });
});

/** Ids of the rows that are behind no checkpoint, of all and of those that were noted, as one moment has them. */
function bothPlans(): Promise<Record<string, { byScan: string[]; byNote: string[] }>> {
  return withTestConnections(archive, {}, async (connections) => {
    const { postgres, elasticsearch, settings } = connections;
    const scope = { dataTypes, tenantIds: [] };
    const { indices } = await listIndices(elasticsearch, connections.archive, settings.template.prefix, resources);
    const plans: Record<string, { byScan: string[]; byNote: string[] }> = {};
    for (const source of await inspectSources(postgres, scope)) {
      const context: PlanContext = {
        dataType: source.logType.dataType,
        table: source.table,
        scope,
        timeZone: zoneOf(source, settings.sourceTimeZone),
        indexUuids: indices.map(({ uuid }) => uuid),
      };
      const ids = (only?: PlanContext["only"]) =>
        `array(select id::text from (${keysQuery({ ...context, only })}) k where not listed_again and month is not null order by 1)`;
      const { rows } = await archive.sql.query<{ all: string; noted: string }>(
        `SELECT to_json(${ids()})::text AS all, to_json(${ids({ by: "notes" })})::text AS noted`,
      );
      plans[source.table.name] = { byScan: JSON.parse(rows[0]!.all), byNote: JSON.parse(rows[0]!.noted) };
    }
    return plans;
  });
}

/** One write as a platform, or an operator, makes it. */
async function writeSomething(sql: Client, prng: Prng): Promise<void> {
  const next = (below: number): number => prng.integer(0, below - 1);
  const table = prng.pick(tables);
  const some = `(SELECT id FROM ${table} ORDER BY id OFFSET ${next(40)} LIMIT 1)`;
  const when = [
    "clock_timestamp()::timestamp",
    "clock_timestamp()::timestamp + interval '3 days'",
    `timestamp '2024-01-31 23:59:59.999999' + interval '${next(400)} days'`,
    "created_at",
    "created_at - interval '1 hour'",
  ][next(5)]!;
  const tenant = `tenant_id = '00000000-0000-4000-8000-00000000000${"abc"[next(3)]}'`;
  const kind = next(8);
  if (kind < 3) await insertRows(sql, { table, like: "true", count: 1 + next(3), createdAt: when });
  else if (kind === 3) await insertRows(sql, { table, like: "true", count: 1, createdAt: when, set: tenant });
  else if (kind === 4) await sql.query(`UPDATE ${table} SET created_at = ${when} WHERE id = ${some}`);
  else if (kind === 5) await sql.query(`UPDATE ${table} SET ${tenant} WHERE id = ${some}`);
  else if (kind === 6) await sql.query(`DELETE FROM ${table} WHERE id = ${some}`);
  else await sql.query(`UPDATE ${table} SET created_by = created_by WHERE id = ${some}`);
}

describe("blocks of the log tables that a run with nothing new reads", () => {
  /** One row a page: a table of many pages that is copied in a moment. */
  beforeEach(async () => {
    // its reading would count as the run's
    for (const table of tables) await archive.sql.query(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
    await archive.sql.query(`ALTER TABLE ${nodes} ALTER COLUMN process_data SET STORAGE PLAIN`);
    await insertRows(archive.sql, {
      table: nodes,
      like: "true",
      count: 3000,
      createdAt: "created_at",
      set: "process_data = (SELECT string_agg(md5(at::text), '') FROM generate_series(1, 150) at), status = 'succeeded'",
    });
    await archive.sql.query(`VACUUM ANALYZE ${tables.join(", ")}`);
  });

  async function touchedByAnotherRun(by: string[]): Promise<number> {
    const { share, size } = await touchedBlocks(archive.sql, tables, async () => {
      expect(await planningOf()).toEqual(by);
    });
    expect(size).toBeGreaterThan(3000);
    return share;
  }

  test("with capture: under 1%, and new rows are copied", async () => {
    await installOnce(archive);
    await planningOf();
    await planningOf(); // app logs that followed their runs
    expect(await touchedByAnotherRun(byNotes)).toBeLessThan(0.01);
    await insertRows(archive.sql, { table: nodes, ...newRow });
    await planningOf();
    await expectEqualStores();
  });

  test("with a BRIN index, as preflight says it: under 1%, and new rows are copied", async () => {
    for (const table of tables) await archive.sql.query(createdAtIndex(table));
    await planningOf();
    const byIndex = ["created_at", "created_at", "created_at"];
    expect(await touchedByAnotherRun(byIndex)).toBeLessThan(0.01);
    await insertRows(archive.sql, { table: nodes, like: "true", count: 3, createdAt: "clock_timestamp()::timestamp" });
    expect(await planningOf()).toEqual(byIndex);
    await expectEqualStores();
  });
});

describe("without capture", () => {
  const noIndex = "scan: capture is not installed, and no index begins with created_at";

  test("an index that begins with created_at serves, and tells of rows that came, moved or went behind", async () => {
    expect(await planningOf()).toEqual([notYet, notYet, notYet]); // runs have (created_at, id) since Dify 1.13
    expect(await planningOf()).toEqual(["created_at", noIndex, noIndex]);
    const table = "workflow_runs";
    await insertRows(archive.sql, {
      ...newRow,
      table,
      createdAt: "(SELECT max(created_at) FROM workflow_runs) + interval '1 day'",
    });
    expect((await planningOf())[0]).toBe("created_at");
    await expectEqualStores();

    await insertRows(archive.sql, { ...newRow, table, createdAt: "'2024-02-29 12:00'" });
    expect((await planningOf())[0]).toMatch(/^scan: rows came, moved or went before 20/);
    await expectEqualStores();
    expect((await planningOf())[0]).toBe("created_at");
  });

  test("a table without an index is read whole by each run, which says what would save it", async () => {
    await planningOf();
    const notes: string[] = [];
    const note = (text: string): number => notes.push(text);
    await migrateOnce(archive, { note });
    expect(notes).toEqual([]); // a small one takes no time worth a word

    const pages = 13_000; // a little above 100 MB
    await archive.sql.query(`ALTER TABLE ${nodes} SET (fillfactor = 10, autovacuum_enabled = off)`);
    const filling = await insertRows(archive.sql, { table: nodes, ...newRow, count: pages });
    await archive.sql.query(`DELETE FROM ${nodes} WHERE id = ANY ($1)`, [filling]);
    await migrateOnce(archive, { note });
    expect(notes).toContainEqual(expect.stringContaining(createdAtIndex(nodes)));
    expect(notes).toContainEqual(expect.stringContaining("app elasticsearch capture install"));
  });

  test("after a week a table with a BRIN index is read whole again, for it tells nothing of old rows", async () => {
    for (const table of tables) await archive.sql.query(createdAtIndex(table));
    await planningOf();
    await archive.sql.query("UPDATE log_archive.listed_scopes SET scanned_at = scanned_at - interval '8 days'");
    expect((await planningOf())[2]).toBe("scan: it was read last 8 days ago");
    expect((await planningOf())[2]).toBe("created_at");
  });
});
