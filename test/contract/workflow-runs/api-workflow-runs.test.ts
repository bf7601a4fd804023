import { afterAll, beforeAll, describe, expect } from "vitest";
import type { RolloutModes } from "../../../src/workflow-logs/state/rollouts.ts";
import { migrateOnce } from "../../support/test-archive.ts";
import { purgeRows } from "../purge-rows.ts";
import { batchContract } from "./batches.ts";
import { busy, clocks, type Given } from "./contract.ts";
import { listContract } from "./lists.ts";
import { readContract } from "./reads.ts";
import { createRunsArchive, implementations, insertCheapRuns, type RunRow, type RunsArchive } from "./runs-archive.ts";
import { statisticsContract } from "./statistics.ts";

const busyRuns = process.env["TEST_FULL"] === "1" ? 100_000 : 12_000;

let archive: RunsArchive;
let rows: RunRow[];

beforeAll(async () => {
  archive = await createRunsArchive({ nodeExecutions: 100, hostile: true });
  await archive.sql.query("DELETE FROM workflow_node_executions; DELETE FROM workflow_app_logs");
  await insertCheapRuns(archive.sql, {
    ...busy,
    count: busyRuns,
    createdAt: `timestamp '2025-08-28' + n / ${busy.ties} * interval '37 minutes 0.000001 seconds' * 12000 / ${busyRuns}`,
    createdBy: "md5('user' || n)::uuid",
  });
  await insertClockRuns();
  await migrateOnce(archive, { scope: { dataTypes: ["workflow_runs"] } });
  rows = await archive.rows();
});
afterAll(() => archive.drop());

/**
 * A run every 20 minutes around changes of clocks, some at the ends of what Elasticsearch indexes, and some from just
 * now.
 */
async function insertClockRuns(): Promise<void> {
  const starts = ["2018-02-17", "2018-11-03", "2025-03-08", "2025-10-31", "2025-04-05", "2025-10-04"];
  for (const start of starts) {
    await insertCheapRuns(archive.sql, {
      ...clocks,
      count: 72 * 3,
      createdAt: `timestamp '${start}' + n * interval '20 minutes' - interval '0.000001 seconds'`,
      createdBy: "md5('user' || n % 7)::uuid",
      totalTokens: "case when n % 50 = 0 then 9007199254740993 + n when n = 33 then 9223372036854775807 else n end",
      triggeredFrom: "case when n % 9 = 0 then 'debugging' else 'app-run' end",
      type: "case when n % 3 = 0 then 'chat' else 'workflow' end",
    });
  }
  const odd = [
    "1969-12-31 23:59:59.999999",
    "1969-12-31 23:59:59.999998",
    "1955-01-01",
    "1970-01-01",
    "2262-04-11 23:47:16.854775",
  ];
  for (const createdAt of [...odd, "2262-04-11 23:47:16.854776", "2300-06-01 12:00:00", "2299-01-01"]) {
    await insertCheapRuns(archive.sql, { ...clocks, count: 3, createdAt: `timestamp '${createdAt}'` });
  }
  for (const ago of ["1 second", "10 minutes", "2 hours", "3 days", "20 days"]) {
    const createdAt = `(now() at time zone 'UTC') - interval '${ago}'`;
    await insertCheapRuns(archive.sql, { ...clocks, count: 2, createdAt });
  }
}

describe.each(implementations)("ApiWorkflowRunRepository: %s", (implementation) => {
  const given = (): Given => ({ api: archive.api(implementation), rows });
  readContract(given);
  listContract(given);
  batchContract(given);
  statisticsContract(given);
});

/** Of some months half the rows are gone, of others all, and some are whole. */
function purgeSome(): Promise<void> {
  const lastDigit = "right(to_char(t.created_at, 'YYYY-MM'), 1)";
  const half = `${lastDigit} NOT IN ('2', '6') AND hashtext(t.id::text) % 2 = 0`;
  return purgeRows(archive.sql, "workflow_runs", "workflow_runs", `${lastDigit} IN ('0', '4', '8') OR ${half}`);
}

/** Months whose index retention dropped are in PostgreSQL alone, half purged ones in both. */
async function expireSome(): Promise<void> {
  const { rows: expired } = await archive.sql.query<{ index: string }>(`
    UPDATE log_archive.partitions SET state = 'expired' WHERE right(month, 1) IN ('2', '6') RETURNING index_name AS index`);
  expect(expired.length).toBeGreaterThan(3);
  for (const { index } of expired) await archive.connections.elasticsearch.indices.delete({ index });
}

describe("ApiWorkflowRunRepository: dual-write", () => {
  const given = (): Given => ({ api: archive.api("dual-write"), rows });

  function allContracts(): void {
    readContract(given);
    listContract(given);
    batchContract(given);
    statisticsContract(given);
  }

  async function setModes(modes: RolloutModes): Promise<void> {
    await archive.setModes(modes, [...new Set(rows.map(({ tenantId }) => tenantId))]);
  }

  describe("while months are purged, read from PostgreSQL", () => {
    beforeAll(async () => {
      await setModes({ write: "both", read: "postgres" });
      await purgeSome();
      const left = await archive.rows();
      expect(left.length).toBeLessThan(0.8 * rows.length);
      expect(left.length).toBeGreaterThan(0.2 * rows.length);
    });
    allContracts();
  });

  describe("when months have expired, read from Elasticsearch", () => {
    beforeAll(async () => {
      await expireSome();
      await setModes({ write: "both", read: "elasticsearch" });
    });
    allContracts();
  });
});
