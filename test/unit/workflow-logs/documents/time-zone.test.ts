import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { offsetOf, utcToLocal } from "../../../../src/workflow-logs/documents/time-zone.ts";

const micros = (local: string): number => (Date.parse(`${local.replace(" ", "T")}Z`) - Date.UTC(2000, 0, 1)) * 1000;

describe("the offset behind a local time", () => {
  test.each([
    ["UTC", "2024-07-01 12:00:00", "Z"],
    ["Asia/Shanghai", "2024-01-01 00:00:00", "+08:00"],
    ["Asia/Shanghai", "2099-12-31 23:59:59", "+08:00"],
    ["Asia/Shanghai", "1988-07-01 12:00:00", "+09:00"], // China had summer time from 1986 to 1991
    ["Europe/London", "2024-01-01 00:00:00", "+00:00"],
    ["Asia/Kathmandu", "2024-01-01 00:00:00", "+05:45"],
    ["America/St_Johns", "2024-07-01 00:00:00", "-02:30"],
    // spring: the clocks of New York jump from 02:00 to 03:00
    ["America/New_York", "2024-03-09 12:00:00", "-05:00"],
    ["America/New_York", "2024-03-10 01:59:59.999", "-05:00"],
    ["America/New_York", "2024-03-10 02:30:00", "-05:00"], // never shown by a clock
    ["America/New_York", "2024-03-10 03:00:00", "-04:00"],
    // autumn: 01:00 to 02:00 comes twice, the first time is meant
    ["America/New_York", "2024-11-03 00:59:59.999", "-04:00"],
    ["America/New_York", "2024-11-03 01:00:00", "-04:00"],
    ["America/New_York", "2024-11-03 01:59:59.999", "-04:00"],
    ["America/New_York", "2024-11-03 02:00:00", "-05:00"],
    ["America/New_York", "2024-11-04 12:00:00", "-05:00"],
  ])("%s %s %s", (zone, local, offset) => {
    expect(offsetOf(zone)(micros(local))).toBe(offset);
  });
});

/** The clock of a zone at an instant, as Intl shows it. */
function clock(zone: string): (instant: number) => string {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  return (instant) => {
    const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
    return `${part["year"]}-${part["month"]}-${part["day"]} ${part["hour"]}:${part["minute"]}:${part["second"]}`;
  };
}

const zones = ["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Europe/Berlin", "Pacific/Apia"];
const instants = fc.oneof(
  fc.integer({ min: Date.UTC(1970, 0, 2), max: Date.UTC(2100, 0, 1) }),
  fc.integer({ min: -3 * 3600, max: 3 * 3600 }).map((seconds) => Date.UTC(2024, 2, 10, 7) + seconds * 1000),
  fc.integer({ min: -3 * 3600, max: 3 * 3600 }).map((seconds) => Date.UTC(2024, 10, 3, 6) + seconds * 1000),
);

test.each(zones)("utcToLocal shows the clock of %s, microseconds kept", (zone) => {
  const shown = clock(zone);
  fc.assert(
    fc.property(instants, fc.nat(999_999), (instant, micro) => {
      const fraction = `.${String(micro).padStart(6, "0")}`;
      const utc = new Date(instant).toISOString().slice(0, 19).replace("T", " ");
      expect(utcToLocal(utc + fraction, zone)).toBe(shown(Math.floor(instant / 1000) * 1000) + fraction);
    }),
  );
});

test.each(zones)("local time and offset together name an instant at which the clocks of %s show it", (zone) => {
  const shown = clock(zone);
  const offset = offsetOf(zone);
  fc.assert(
    fc.property(instants, (instant) => {
      const local = shown(instant); // a time that a clock did show
      const named = Date.parse(`${local.replace(" ", "T")}${offset(micros(local))}`);
      expect(shown(named)).toBe(local);
      expect(named).toBeLessThanOrEqual(instant); // of two, the first
    }),
  );
});

describe("odd bounds", () => {
  test("UTC is left as it is, five-digit years too", () => {
    expect(utcToLocal("10000-01-01 00:00:00.000000", "UTC")).toBe("10000-01-01 00:00:00.000000");
  });

  test("the end of the year 9999 in another zone", () => {
    expect(utcToLocal("10000-01-01 00:00:00.000000", "Asia/Shanghai")).toBe("10000-01-01 08:00:00.000000");
    expect(utcToLocal("10000-01-01 00:00:00.000000", "America/New_York")).toBe("9999-12-31 19:00:00.000000");
    expect(utcToLocal("9999-12-31 20:00:00.000001", "Asia/Shanghai")).toBe("10000-01-01 04:00:00.000001");
  });

  test("no local time before the year 1", () => {
    expect(utcToLocal("0001-01-01 00:00:00.000000", "America/New_York")).toBe("0001-01-01 00:00:00.000000");
    expect(utcToLocal("0001-01-01 12:00:00.000000", "America/New_York")).toBe("0001-01-01 07:03:58.000000");
    expect(utcToLocal("0001-01-01 00:00:00.000000", "Asia/Shanghai")).toBe("0001-01-01 08:05:43.000000");
  });

  test("offsets with seconds, from before the zones", () => {
    expect(utcToLocal("1900-01-01 00:00:00.000000", "Asia/Shanghai")).toBe("1900-01-01 08:05:43.000000");
    expect(offsetOf("Asia/Shanghai")(micros("1900-01-01 08:05:43"))).toBe("+08:05");
  });
});
