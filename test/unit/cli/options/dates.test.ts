import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endInstant, isBefore, startInstant } from "../../../../src/cli/options/dates.ts";

describe("startInstant", () => {
  test.each([
    ["2024-01-01", "2024-01-01 00:00:00.000000"],
    ["2024-02-29", "2024-02-29 00:00:00.000000"],
    ["0001-01-01", "0001-01-01 00:00:00.000000"],
    ["9999-12-31", "9999-12-31 00:00:00.000000"],
    ["2024-01-31T10:20:30Z", "2024-01-31 10:20:30.000000"],
    ["2024-01-31T10:20:30", "2024-01-31 10:20:30.000000"],
    ["2024-01-31 10:20", "2024-01-31 10:20:00.000000"],
    ["2024-01-31T10:20:30.1", "2024-01-31 10:20:30.100000"],
    ["2024-01-31T10:20:30.123456Z", "2024-01-31 10:20:30.123456"],
    ["2024-01-31t10:20:30.000001z", "2024-01-31 10:20:30.000001"],
    ["2024-01-01T00:00:00.999999+08:00", "2023-12-31 16:00:00.999999"],
    ["2024-12-31T23:59:59-0530", "2025-01-01 05:29:59.000000"],
    ["2024-03-01T00:00:00+01", "2024-02-29 23:00:00.000000"],
  ])("%s is %s", (text, expected) => {
    expect(startInstant(text)).toBe(expected);
  });

  test.each([
    "",
    "2024-02-30",
    "2023-02-29",
    "1900-02-29",
    "2024-00-10",
    "2024-13-01",
    "2024-01-00",
    "2024-01-32",
    "0000-01-01",
    "10000-01-01",
    "-2024-01-01",
    "2024-1-1",
    "01/02/2024",
    "20240101",
    "yesterday",
    "2024-01-01T24:00:00",
    "2024-01-01T25:00:00",
    "2024-01-01T10:60:00",
    "2024-01-01T10:00:60",
    "2024-01-01T10",
    "2024-01-01T10:00:00.1234567",
    "2024-01-01T10:00:00,5",
    "2024-01-01T10:00:00+16:00",
    "2024-01-01T10:00:00+08:60",
    "2024-01-01T10:00:00 PST",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:00:00-02:00",
    " 2024-01-01",
    "2024-01-01\n",
    "2024-01-01; drop table x",
    "infinity",
    "٢٠٢٤-٠١-٠١",
  ])("%j is refused", (text) => {
    expect(startInstant(text)).toBeUndefined();
    expect(endInstant(text)).toBeUndefined();
  });
});

describe("endInstant", () => {
  test.each([
    ["2024-01-31", "2024-02-01 00:00:00.000000"],
    ["2024-02-28", "2024-02-29 00:00:00.000000"],
    ["2023-12-31", "2024-01-01 00:00:00.000000"],
    ["9999-12-31", "10000-01-01 00:00:00.000000"],
    ["2024-01-31T00:00:00Z", "2024-01-31 00:00:00.000000"],
    ["2024-01-31T23:59:59.999999Z", "2024-01-31 23:59:59.999999"],
  ])("%s ends before %s", (text, expected) => {
    expect(endInstant(text)).toBe(expected);
  });
});

test("every timestamp up to the microsecond comes back as it was written", () => {
  const moment = fc.record({
    millis: fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }),
    micros: fc.nat(999),
  });
  fc.assert(
    fc.property(moment, ({ millis, micros }) => {
      const text = `${new Date(millis).toISOString().slice(0, 23)}${String(micros).padStart(3, "0")}`;
      expect(startInstant(`${text}Z`)).toBe(text.replace("T", " "));
    }),
  );
});

test("a day ends after it begins and its end is the next day's beginning", () => {
  fc.assert(
    fc.property(fc.integer({ min: -719_162, max: 2_932_894 }), (days) => {
      const [day = "", next = ""] = [days, days + 1].map((n) => new Date(n * 86_400_000).toISOString().slice(0, 10));
      expect(endInstant(day)).toBe(startInstant(next));
      expect(isBefore(startInstant(day) ?? "", endInstant(day) ?? "")).toBe(true);
    }),
  );
});

test("the end of year 9999 lies after every start", () => {
  expect(isBefore("9999-12-31 23:59:59.999999", "10000-01-01 00:00:00.000000")).toBe(true);
});
