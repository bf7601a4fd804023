import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tenantsOf } from "../integration/restore/restore-archive.ts";
import { runAppHere } from "../support/app-here.ts";
import { startApp } from "../support/app-process.ts";
import { compareStores } from "../support/compare-stores.ts";
import { afterPurge, readAllRows } from "../support/purge-oracle.ts";
import { createTestArchive, type TestArchive, untilConfirmed } from "../support/test-archive.ts";
import { startThreeNodes, type ThreeNodes } from "../support/three-nodes.ts";

describe("a cluster of three nodes", () => {
  let cluster: ThreeNodes;
  let archive: TestArchive;
  beforeAll(async () => {
    cluster = await startThreeNodes();
    archive = await createTestArchive({ nodeExecutions: 3000, tenants: 1, months: 2 });
  }, 300_000);
  afterAll(async () => {
    await archive?.drop();
    await cluster?.stop();
  });

  const environment = () => ({
    ELASTICSEARCH_HOSTS: JSON.stringify(cluster.urls),
    ELASTICSEARCH_NUMBER_OF_REPLICAS: "1",
    ELASTICSEARCH_TIMEOUT: "10",
    ELASTICSEARCH_MAX_RETRIES: "8",
  });
  const stores = () => ({ ...archive, elasticsearchUrl: cluster.urls[0]! });

  test("loses its master during a copy: the run goes on, and nothing is missing", { timeout: 300_000 }, async () => {
    const app = startApp(
      archive,
      ["elasticsearch", "migrate", "--batch-size", "50", "--max-rps", "500"],
      environment(),
    );
    await untilConfirmed(archive.sql, 500);
    const master = await cluster.master();
    master.kill("SIGKILL");
    const end = await app.end;
    expect(end, end.stderr).toMatchObject({ code: 0 });
    await master.restart();
    await cluster.untilGreen();
    expect((await compareStores(stores())).differences).toEqual([]);
  });

  test(
    "loses a node during a purge: each row that is gone is archived exactly, and the same command does the rest",
    { timeout: 300_000 },
    async () => {
      const before = await readAllRows(archive.sql);
      const [tenantId] = await tenantsOf(archive.sql);
      const command = ["elasticsearch", "cleanup-pg", "--tenant-id", tenantId!, "--before-date", "2026-01-01", "--yes"];
      const app = startApp(archive, [...command, "--batch-size", "20"], environment());
      while ((await deletedRows()) === 0) await sleep(20);
      const node = await cluster.follower();
      node.kill("SIGKILL");
      const end = await app.end;
      expect([0, 1, 3], end.stderr).toContain(end.code);
      await node.restart();
      await cluster.untilGreen();
      expect((await afterPurge(archive.sql, stores(), before)).problems).toEqual([]);
      expect(await runAppHere(archive, command, environment())).toMatchObject({ code: 0 });
      const { gone, problems } = await afterPurge(archive.sql, stores(), before);
      expect(problems).toEqual([]);
      expect(gone.get("workflow_node_executions")!.size).toBeGreaterThan(2000);
    },
  );

  async function deletedRows(): Promise<number> {
    const { rows } = await archive.sql.query<{ rows: number }>(
      "SELECT count(*)::int AS rows FROM log_archive.purged_rows",
    );
    return rows[0]!.rows;
  }
});
