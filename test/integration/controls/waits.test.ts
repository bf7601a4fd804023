import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import {
  confirmedRows,
  countRows,
  createTestArchive,
  migrateOnce,
  type TestArchive,
} from "../../support/test-archive.ts";
import { runs, runUnderWay, shown, until, untilWaiting } from "./controlled-run.ts";

let archive: TestArchive;
let tenantId: string;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 100, tenants: 1, months: 1 });
  const { rows } = await archive.sql.query<{ id: string }>("SELECT tenant_id::text AS id FROM workflow_runs LIMIT 1");
  tenantId = rows[0]!.id;
});
afterAll(() => archive.drop());

const migrate = ["elasticsearch", "migrate", "--max-lag", "5"];

test("a partition that another run works on, and Elasticsearch that does not answer, are named", async () => {
  const proxy: FaultProxy = await startFaultProxy(archive.elasticsearchUrl);
  const partition =
    "(SELECT DISTINCT 'node_executions/' || tenant_id || '/' || to_char(created_at, 'YYYY-MM') FROM workflow_node_executions)";
  const lock = `hashtextextended('log_archive:partition:' || ${partition}, 0)`;
  try {
    await archive.sql.query(`SELECT pg_advisory_lock(${lock})`);
    const slowly = [...migrate, "--batch-size", "5", "--max-rps", "50"];
    const end = runAppHere({ ...archive, elasticsearchUrl: proxy.url }, slowly, { ELASTICSEARCH_MAX_RETRIES: "10" });
    const id = await runUnderWay(archive);
    await untilWaiting(archive, id, /node_executions\/.* is being worked on by another run/);
    const others = (await countRows(archive.sql)) - (await countRows(archive.sql, "workflow_node_executions"));
    await until(async () => (await confirmedRows(archive.sql)) === others || undefined);
    await archive.sql.query(`SELECT pg_advisory_unlock(${lock})`);
    await until(async () => (await confirmedRows(archive.sql)) > others || undefined);
    proxy.set({ kind: "reset" });
    await untilWaiting(archive, id, /^Elasticsearch does not answer$/);
    proxy.set({ kind: "pass" });
    expect(await end).toMatchObject({ code: 0 });
  } finally {
    await proxy.close();
  }
});

describe("a standby", () => {
  // Seen by this database alone: the true view would show it to everyone on the server.
  beforeEach(async () => {
    await archive.sql.query(`
      CREATE SCHEMA standby;
      CREATE TABLE standby.pg_stat_replication (state text, replay_lag interval, replay_lsn pg_lsn);
      DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = standby, pg_catalog, public', current_database()); END $$`);
  });
  afterEach(async () => {
    await archive.sql.query(`
      DROP SCHEMA standby CASCADE;
      DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET search_path', current_database()); END $$`);
  });

  async function standby(state: string | null, lag: string | null): Promise<void> {
    await archive.sql.query("DELETE FROM standby.pg_stat_replication");
    await archive.sql.query("INSERT INTO standby.pg_stat_replication VALUES ($1, $2, pg_current_wal_lsn())", [
      state,
      lag,
    ]);
  }

  const cleanup =
    "elasticsearch cleanup-pg --yes --allow-unreplicated --before-date 2099-01-01 --max-lag 5 --tenant-id";

  test.each([
    ["migrate", () => [...migrate, "--restart"]],
    ["cleanup-pg", () => [...cleanup.split(" "), tenantId]],
  ])(
    "%s does not go on when it cannot be seen how far a standby is behind, and waits for one that is",
    async (name, args) => {
      const rows = await countRows(archive.sql);
      if (name === "cleanup-pg") await migrateOnce(archive);
      await standby(null, null); // as a role without pg_monitor sees it
      const blind = await runAppHere(archive, args());
      expect(blind).toMatchObject({ code: 1 });
      expect(blind.stderr).toMatch(/may not see how far they are behind.*pg_monitor/s);

      await standby("streaming", "60 seconds");
      const end = runAppHere(archive, args());
      const id = await runUnderWay(archive);
      await untilWaiting(archive, id, /^throttled by replication lag: a standby is more than 5 s behind$/);
      expect(await countRows(archive.sql)).toBe(rows);
      expect((await runAppHere(archive, ["runs", "list"])).stdout).toContain("throttled by replication lag");
      await runs(archive, "pause", id);
      await untilWaiting(archive, id, /^paused$/); // the more telling of the two
      await runs(archive, "resume", id);
      await untilWaiting(archive, id, /^throttled by replication lag/);

      await standby("streaming", "1 second");
      expect(await end).toMatchObject({ code: 0 });
      expect(await shown(archive, id)).toMatchObject({ waiting: null });
      if (name === "cleanup-pg") expect(await countRows(archive.sql)).toBeLessThan(rows);
    },
  );
});
