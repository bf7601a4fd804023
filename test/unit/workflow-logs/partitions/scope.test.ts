import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Partition } from "../../../../src/workflow-logs/partitions/log-types.ts";
import { monthBounds } from "../../../../src/workflow-logs/partitions/months.ts";
import { coversWholeMonth, partitionRange, type Scope } from "../../../../src/workflow-logs/partitions/scope.ts";

const partition = (month: string): Partition => ({ dataType: "workflow_runs", tenantId: "t", month });
const scope = (start?: string, end?: string): Scope => ({ dataTypes: ["workflow_runs"], tenantIds: [], start, end });
const midnight = (date: string): string => `${date} 00:00:00.000000`;

describe.each(["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Apia"])("on a host in %s", (hostZone) => {
  const before = process.env["TZ"];
  beforeAll(() => {
    process.env["TZ"] = hostZone;
  });
  afterAll(() => {
    if (before === undefined) delete process.env["TZ"];
    else process.env["TZ"] = before;
  });

  test("the host's zone is in force", () => {
    const offsets = { UTC: 0, "Asia/Shanghai": -480, "America/New_York": 300, "Pacific/Apia": -780 };
    expect(new Date("2024-01-01T00:00:00Z").getTimezoneOffset()).toBe(offsets[hostZone as keyof typeof offsets]);
  });

  test.each([
    ["2024-01", "2024-01-01", "2024-02-01"],
    ["2024-02", "2024-02-01", "2024-03-01"],
    ["2023-02", "2023-02-01", "2023-03-01"],
    ["2024-03", "2024-03-01", "2024-04-01"],
    ["2024-11", "2024-11-01", "2024-12-01"],
    ["2023-12", "2023-12-01", "2024-01-01"],
    ["1970-01", "1970-01-01", "1970-02-01"],
    ["0001-01", "0001-01-01", "0001-02-01"],
    ["0099-12", "0099-12-01", "0100-01-01"],
    ["9999-12", "9999-12-01", "10000-01-01"],
  ])("%s lasts from %s to %s", (month, from, to) => {
    expect(monthBounds(month)).toEqual({ from: midnight(from), to: midnight(to) });
  });

  test("every month ends where the next one begins", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9998 }), fc.integer({ min: 1, max: 12 }), (year, month) => {
        const name = (y: number, m: number) => `${String(y).padStart(4, "0")}-${String(m).padStart(2, "0")}`;
        const next = month === 12 ? name(year + 1, 1) : name(year, month + 1);
        expect(monthBounds(name(year, month)).to).toBe(monthBounds(next).from);
      }),
    );
  });

  const day = (date: string) => partitionRange(partition("2024-02"), scope(midnight(date)), "UTC")?.from;
  test("a scope cuts the month", () => {
    expect(day("2024-01-15")).toBe(midnight("2024-02-01"));
    expect(day("2024-02-15")).toBe(midnight("2024-02-15"));
    expect(day("2024-03-01")).toBeUndefined();
    const range = (start?: string, end?: string) => partitionRange(partition("2024-02"), scope(start, end), "UTC");
    expect(range()).toEqual({ from: midnight("2024-02-01"), to: midnight("2024-03-01") });
    expect(range(undefined, midnight("2024-02-29"))?.to).toBe(midnight("2024-02-29"));
    expect(range(undefined, midnight("2024-02-01"))).toBeUndefined();
    expect(range("2024-02-10 10:00:00.000001", "2024-02-10 10:00:00.000002")).toEqual({
      from: "2024-02-10 10:00:00.000001",
      to: "2024-02-10 10:00:00.000002",
    });
    expect(range(midnight("2024-02-10"), midnight("2024-02-10"))).toBeUndefined();
  });

  test("whether all of the month is meant", () => {
    const covers = (start?: string, end?: string) => coversWholeMonth(partition("2024-02"), scope(start, end));
    expect(covers()).toBe(true);
    expect(covers(midnight("2024-02-01"), midnight("2024-03-01"))).toBe(true);
    expect(covers("2024-02-01 00:00:00.000001")).toBe(false);
    expect(covers(undefined, "2024-02-29 23:59:59.999999")).toBe(false);
    expect(covers(undefined, midnight("10000-01-01"))).toBe(true);
  });

  test("the last month of all", () => {
    const december = partition("9999-12");
    expect(partitionRange(december, scope(), "UTC")?.to).toBe(midnight("10000-01-01"));
    expect(partitionRange(december, scope(midnight("9999-12-31")), "UTC")?.from).toBe(midnight("9999-12-31"));
    expect(partitionRange(december, scope(undefined, midnight("9999-12-31")), "UTC")?.to).toBe(midnight("9999-12-31"));
    expect(coversWholeMonth(december, scope(undefined, midnight("9999-12-31")))).toBe(false);
    expect(coversWholeMonth(december, scope(undefined, midnight("10000-01-01")))).toBe(true);
    expect(partitionRange(december, scope(), "Asia/Shanghai")?.to).toBe("10000-01-01 08:00:00.000000");
  });

  test("a source that keeps local times is asked in them", () => {
    expect(partitionRange(partition("2024-03"), scope(), "America/New_York")).toEqual({
      from: "2024-02-29 19:00:00.000000",
      to: "2024-03-31 20:00:00.000000",
    });
    expect(partitionRange(partition("2024-01"), scope(), "Asia/Shanghai")).toEqual({
      from: "2024-01-01 08:00:00.000000",
      to: "2024-02-01 08:00:00.000000",
    });
  });

  test("parts of a month side by side leave no gap and do not overlap", () => {
    const instant = fc
      .integer({ min: Date.UTC(2024, 0, 20), max: Date.UTC(2024, 2, 10) })
      .map((millis) => `${new Date(millis).toISOString().slice(0, 23).replace("T", " ")}000`);
    fc.assert(
      fc.property(instant, fc.constantFrom("UTC", "Asia/Shanghai", "America/New_York"), (cut, zone) => {
        const february = partition("2024-02");
        const whole = partitionRange(february, scope(), zone)!;
        const first = partitionRange(february, scope(undefined, cut), zone);
        const second = partitionRange(february, scope(cut), zone);
        expect((first ?? second)!.from).toBe(whole.from);
        expect((second ?? first)!.to).toBe(whole.to);
        if (first !== undefined && second !== undefined) expect(first.to).toBe(second.from);
      }),
    );
  });
});
