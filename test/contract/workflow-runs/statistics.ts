import { describe, expect, it } from "vitest";
import type { StatisticsQuery } from "../../../src/workflow-logs/repositories/workflow-runs/statistics/run-statistics.ts";
import { busy, clocks, type Given } from "./contract.ts";
import type { RunRow } from "./runs-archive.ts";
import { testId } from "./runs-archive.ts";

const timeZones = [
  undefined,
  "UTC",
  "Asia/Shanghai",
  "America/New_York",
  "Asia/Kolkata",
  "Australia/Lord_Howe",
  "America/Sao_Paulo", // in 2018 its clocks changed at midnight
  "Pacific/Apia",
];

export function statisticsContract(given: () => Given): void {
  describe("statistics", () => {
    it.each(timeZones)("are by the days of the zone %s, also those on which its clocks change", async (timezone) => {
      const { api } = given();
      const query = { ...clocks, triggeredFrom: ["app-run", "debugging"], timezone };
      const days = runsByDay(query);
      expect(days.size).toBeGreaterThan(15);
      expect(await api.getDailyRunsStatistics(query)).toEqual(
        Array.from(days, ([date, runs]) => ({ date, runs: runs.length })),
      );
      expect(await api.getDailyTerminalsStatistics(query)).toEqual(
        Array.from(days, ([date, runs]) => ({ date, terminalCount: users(runs) })),
      );
      expect(await api.getDailyTokenCostStatistics(query)).toEqual(
        Array.from(days, ([date, runs]) => ({ date, tokenCount: tokens(runs) })),
      );
      expect(await api.getAverageAppInteractionStatistics(query)).toEqual(
        Array.from(days, ([date, runs]) => ({ date, interactions: average(runs) })),
      );
    });

    it("are exact for many users and beyond 2^53 tokens", async () => {
      const { api } = given();
      const query = { ...busy, triggeredFrom: "app-run" };
      const days = runsByDay(query);
      const userDays = Array.from(days.values(), users).reduce((sum, count) => sum + count, 0);
      expect(userDays).toBeGreaterThan(10_000);
      expect(await api.getDailyTerminalsStatistics(query)).toEqual(
        Array.from(days, ([date, runs]) => ({ date, terminalCount: users(runs) })),
      );
      expect(await api.getDailyTokenCostStatistics(query)).toEqual(
        Array.from(days, ([date, runs]) => ({ date, tokenCount: tokens(runs) })),
      );
      const clockDays = runsByDay({ ...clocks, triggeredFrom: "app-run" });
      expect(Array.from(clockDays.values(), tokens).some((sum) => sum > 2n ** 53n && BigInt(Number(sum)) !== sum)).toBe(
        true,
      );
    });

    it("begin with the start and end before the end", async () => {
      const { api, rows } = given();
      const runs = rows.filter((row) => row.appId === clocks.appId && row.createdAt > "2025" && row.createdAt < "2026");
      const [start, end] = [runs[10]!.createdAt, runs[60]!.createdAt];
      const between: [string | undefined, string | undefined][] = [
        [start, end],
        [undefined, end],
        [start, undefined],
        ["1969-01-01T00:00:00Z", "1970-01-01T00:00:00Z"],
        ["2280-01-01T00:00:00Z", undefined],
        ["2025-03-09T00:00:00-05:00", "2025-03-10T00:00:00-04:00"],
      ];
      for (const [startDate, endDate] of between) {
        const query = { ...clocks, triggeredFrom: "app-run", startDate, endDate, timezone: "America/New_York" };
        const days = runsByDay(query);
        expect(days.size).toBeGreaterThan(0);
        expect(await api.getDailyRunsStatistics(query)).toEqual(
          Array.from(days, ([date, some]) => ({ date, runs: some.length })),
        );
      }
    });

    it("of an app without runs are empty; a zone that is none is refused", async () => {
      const { api } = given();
      const query = { ...busy, appId: testId("no such app"), triggeredFrom: "app-run" };
      expect(await api.getDailyRunsStatistics(query)).toEqual([]);
      for (const timezone of ["+08:00", "Nowhere/Land", "", "UTC; drop", "-3"]) {
        await expect(api.getDailyRunsStatistics({ ...query, timezone })).rejects.toMatchObject({
          code: "invalid_time_zone",
        });
      }
    });

    /** The rows of the query by local day, as the calendar of the JavaScript engine has it; oldest day first. */
    function runsByDay(query: StatisticsQuery): Map<string, RunRow[]> {
      const format = new Intl.DateTimeFormat("en-CA", {
        timeZone: query.timezone ?? "UTC",
        year: "numeric",
        month: "2-digit",
        day: "2-digit",
      });
      const [start, end] = [query.startDate, query.endDate].map((time) =>
        time === undefined ? undefined : Date.parse(time),
      );
      const asked = given().rows.filter(
        (row) =>
          row.appId === query.appId &&
          [query.triggeredFrom].flat().includes(row.triggeredFrom) &&
          (start === undefined || Date.parse(row.createdAt) >= start) &&
          (end === undefined || Date.parse(row.createdAt) < end),
      );
      return Map.groupBy(asked, (row) => format.format(Date.parse(row.createdAt)));
    }
  });
}

function users(runs: readonly RunRow[]): number {
  return new Set(runs.map(({ createdBy }) => createdBy)).size;
}

function tokens(runs: readonly RunRow[]): bigint {
  return runs.reduce((sum, { totalTokens }) => sum + BigInt(totalTokens), 0n);
}

/** Half a hundredth is rounded up. */
function average(runs: readonly RunRow[]): number {
  const [quotient, divisor] = [BigInt(runs.length) * 1000n, BigInt(users(runs))];
  const thousandths = quotient / divisor;
  return Number(thousandths / 10n + (thousandths % 10n >= 5n ? 1n : 0n)) / 100;
}
