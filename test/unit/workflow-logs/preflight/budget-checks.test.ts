import { expect, test } from "vitest";
import { diskSpace, shardBudget } from "../../../../src/workflow-logs/preflight/elasticsearch-checks.ts";
import type { Inspection } from "../../../../src/workflow-logs/preflight/finding.ts";
import type { DryRun } from "../../../../src/workflow-logs/migrate/dry-run.ts";

const megabyte = 1024 ** 2;

function inspection(used: number): Inspection {
  const disks = [
    { node: "a", total: 1000 * megabyte, free: 500 * megabyte, highWatermark: 100 * megabyte, floodStage: 0 },
  ];
  return { cluster: { shards: { used, limit: 1000 }, disks } } as unknown as Inspection;
}

function plan(shards: number, targetBytes: number, counts: "exact" | "estimated" = "exact"): DryRun {
  const indices = Array.from({ length: 40 }, (_, at) => ({
    index: `${at}`,
    month: "2020-01",
    shards: 1,
    bytes: 2 * megabyte,
  }));
  return {
    report: { counts, estimates: { indices: shards, shards, targetBytes, seconds: 1 } },
    indices,
  } as unknown as DryRun;
}

test("shards: what would not fit fails, what fits for fewer than three months is warned of, each with the way out", () => {
  expect(shardBudget(inspection(500), plan(100, 0))).toMatchObject([
    { level: "ok", message: expect.stringContaining("room for 10 more months") },
  ]);
  expect(shardBudget(inspection(500), plan(290, 0))).toMatchObject([{ level: "ok" }]);
  expect(shardBudget(inspection(950), plan(100, 0))).toMatchObject([
    {
      level: "fail",
      message:
        "950 shards used, 100 more for 100 new indices, 1000 allowed; a month takes 40 shards, so there is room for 0 more months.",
      hint: expect.stringContaining("data nodes"),
    },
  ]);
  expect(shardBudget(inspection(950), plan(100, 0, "estimated"))).toMatchObject([
    { level: "warn", hint: expect.stringContaining("--exact") },
  ]);
});

test("disk: below the high watermark, and how long the rest lasts", () => {
  expect(diskSpace(inspection(0), plan(0, 80 * megabyte))).toMatchObject([
    { level: "ok", message: expect.stringContaining("room for 4 more months") },
  ]);
  expect(diskSpace(inspection(0), plan(0, 200 * megabyte))).toMatchObject([
    { level: "warn", hint: expect.stringContaining("retention") },
  ]);
  expect(diskSpace(inspection(0), plan(0, 401 * megabyte))).toMatchObject([
    { level: "fail", hint: expect.stringContaining("add disks") },
  ]);
});
