import { afterEach, beforeEach, expect, test } from "vitest";
import { createPrng } from "../../../dev/sample-logs/prng.ts";
import { runApp } from "../../support/app-process.ts";
import { compareStores } from "../../support/compare-stores.ts";
import {
  copiedRows,
  countRows,
  createTestArchive,
  documentsByIndex,
  insertRows,
  migrateOnce,
  type TestArchive,
  writes,
} from "../../support/test-archive.ts";

let archive: TestArchive;
beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 250, tenants: 1, months: 2, firstMonth: "2025-09" });
});
afterEach(() => archive.drop());

interface Range {
  start?: string;
  end?: string;
}

async function rowsIn({ start = "-infinity", end = "infinity" }: Range): Promise<number> {
  const { rows } = await archive.sql.query<{ rows: number }>(
    `SELECT count(*)::int AS rows FROM (SELECT created_at FROM workflow_runs UNION ALL SELECT created_at FROM workflow_app_logs
       UNION ALL SELECT created_at FROM workflow_node_executions) logs WHERE created_at >= $1 AND created_at < $2`,
    [start, end],
  );
  return rows[0]!.rows;
}

test("only the rows between two instants are copied, the first included, the last not", async () => {
  const { rows } = await archive.sql.query<{ at: string }>(
    "SELECT to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.US') AS at FROM workflow_node_executions ORDER BY 1",
  );
  const range = { start: rows[80]!.at, end: rows[160]!.at };
  await migrateOnce(archive, { scope: range });

  expect(await writes(archive)).toBe(await rowsIn(range));
  expect((await compareStores(archive)).differences.every(({ at }) => at === "document")).toBe(true);
});

test("--end-date includes the whole day, --start-date begins with its first instant", async () => {
  const node = { table: "workflow_node_executions", count: 1, like: "true" };
  for (const createdAt of ["2025-09-10 23:59:59.999999", "2025-09-11", "2025-09-12 23:59:59.999999", "2025-09-13"])
    await insertRows(archive.sql, { ...node, createdAt: `'${createdAt}'` });

  const end = await runApp(archive, [
    "elasticsearch",
    "migrate",
    "--json",
    "--start-date",
    "2025-09-11",
    "--end-date",
    "2025-09-12",
  ]);

  expect(end).toMatchObject({ code: 0 });
  const inside = await rowsIn({ start: "2025-09-11", end: "2025-09-13" });
  expect(inside).toBeGreaterThanOrEqual(2);
  expect((await compareStores(archive)).documents).toBe(inside);
  expect(JSON.parse(end.stdout)).toMatchObject({ totals: { source: inside, migrated: inside } });
});

const orders = process.env["TEST_FULL"] === "1" ? 40 : 3;

test.each(Array.from({ length: orders }, (_, seed) => seed))(
  "overlapping parts in any order, then all: everything is there once (seed %i)",
  async (seed) => {
    const prng = createPrng(`ranges/${seed}`);
    const instant = (): string =>
      new Date(Date.UTC(2025, 8, 1) + prng.integer(0, 61 * 24) * 3_600_000)
        .toISOString()
        .slice(0, 19)
        .replace("T", " ");
    for (let i = 0; i < 5; i++) {
      const [start, end] = [`${instant()}.000000`, `${instant()}.000000`].toSorted();
      const open = prng.integer(0, 5);
      const range: Range = { ...(open === 0 ? {} : { start: start! }), ...(open === 1 ? {} : { end: end! }) };
      await migrateOnce(archive, { scope: range, batchRows: prng.integer(1, 50) });
    }
    expect(await writes(archive)).toBeGreaterThan(0);

    await migrateOnce(archive);

    expect((await compareStores(archive)).differences).toEqual([]);
    expect(await writes(archive)).toBe(await countRows(archive.sql));
    expect(await copiedRows(archive.sql)).toEqual(await documentsByIndex(archive));
    const { rows: ranges } = await archive.sql.query<{ ranges: number }>(
      "SELECT count(*)::int AS ranges FROM log_archive.checkpoints GROUP BY data_type, tenant_id, month",
    );
    expect(ranges.every((partition) => partition.ranges === 1)).toBe(true);
  },
);
