import { expect, test } from "vitest";
import type { ClusterInfo } from "../../../src/stores/elasticsearch/cluster.ts";
import { budgetOf, isSoonUsedUp, paceText } from "../../../src/workflow-logs/budget.ts";

const gigabyte = 1024 ** 3;
const now = new Date("2026-03-15T00:00:00Z");
const disk = { node: "a", total: 100 * gigabyte, free: 30 * gigabyte, highWatermark: 10 * gigabyte, floodStage: 0 };

function cluster(used: number, limit: number, disks = [disk]): ClusterInfo {
  return {
    version: "9.0.0",
    major: 9,
    clusterUuid: "u",
    health: "green",
    nodes: 1,
    dataNodes: 1,
    shards: { used, limit },
    disks,
    maxContentLengthBytes: 1,
  };
}

const indicesOf = (month: string, count: number, bytes: number) =>
  Array.from({ length: count }, (_, at) => ({ index: `${month} ${at}`, month, shards: 2, bytes }));

test("the fullest of the last three whole months is the pace; the month under way and older ones are not", () => {
  const indices = [
    ...indicesOf("2025-06", 50, gigabyte),
    ...indicesOf("2025-12", 3, gigabyte),
    ...indicesOf("2026-01", 6, gigabyte),
    ...indicesOf("2026-02", 4, 2 * gigabyte),
    ...indicesOf("2026-03", 9, 9 * gigabyte),
  ];
  const { shards, disk: room } = budgetOf(cluster(900, 1000), indices, now);
  expect(shards).toEqual({ used: 900, limit: 1000, left: 100, eachMonth: 12, monthsLeft: 8 });
  expect(room).toEqual({ left: 20 * gigabyte, eachMonth: 8 * gigabyte, monthsLeft: 2 });
  expect([isSoonUsedUp(shards), isSoonUsedUp(room)]).toEqual([false, true]);
  expect(paceText(shards, String)).toBe("; a month takes 12, so there is room for 8 more months");
});

test("beyond the limit and the watermark nothing is left; of an empty archive no pace is known", () => {
  const full = { ...disk, free: 5 * gigabyte };
  const { shards, disk: room } = budgetOf(cluster(1001, 1000, [full, disk]), indicesOf("2026-02", 1, gigabyte), now);
  expect(shards).toMatchObject({ left: 0, monthsLeft: 0 });
  expect(room.left).toBe(20 * gigabyte);
  const empty = budgetOf(cluster(10, 1000), [], now);
  expect(empty.shards).toMatchObject({ left: 990, eachMonth: 0, monthsLeft: null });
  expect([isSoonUsedUp(empty.disk), paceText(empty.disk, String)]).toEqual([false, ""]);
});

test("tenants that share an index share its shards, not its bytes", () => {
  const shared = indicesOf("2026-02", 1, gigabyte)[0]!;
  const { shards, disk: room } = budgetOf(cluster(10, 1000), [shared, shared, ...indicesOf("2026-02", 2, 0)], now);
  expect([shards.eachMonth, room.eachMonth]).toEqual([4, 2 * gigabyte]);
});

test("an archive that has only begun is measured by the month under way", () => {
  expect(budgetOf(cluster(10, 100), indicesOf("2026-03", 5, 1), now).shards.monthsLeft).toBe(9);
});
