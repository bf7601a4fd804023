import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BulkBody } from "../../../../../src/stores/elasticsearch/bulk/bulk-body.ts";
import { type ColumnKind, columnWriters } from "../../../../../src/workflow-logs/documents/column-writers.ts";
import { offsetOf } from "../../../../../src/workflow-logs/documents/time-zone.ts";
import { columnText, NumberText, utcTimestamp } from "../../../../../src/workflow-logs/restore/columns/column-text.ts";
import { ArchivedRows } from "../../../../../src/workflow-logs/restore/documents/archived-row.ts";

/** What becomes of a field on its way into a document and back: the text that PostgreSQL is given. */
function thereAndBack(kind: ColumnKind, field: Buffer, timeZone = "UTC"): string | null | undefined {
  const body = new BulkBody(0);
  columnWriters(offsetOf(timeZone))[kind](body, field, 0, field.length);
  const source = Buffer.from(`{"id":"1","value":${body.bytes().toString("utf8")},"archive":{}}`);
  return columnText(kind, new ArchivedRows().read("1", source).fields.get("value"));
}

function int8(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

describe("what a column holds comes back as text that PostgreSQL reads as the same", () => {
  test("uuid", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const text = thereAndBack("uuid", Buffer.from(bytes))!;
        expect(Buffer.from(text.replaceAll("-", ""), "hex")).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test.each([
    ["int2", 2],
    ["int4", 4],
    ["int8", 8],
  ] as const)("%s, every digit", (kind, size) => {
    const bound = 1n << BigInt(8 * size - 1);
    const all = fc.oneof(fc.constantFrom(-bound, bound - 1n, 0n), fc.bigInt({ min: -bound, max: bound - 1n }));
    fc.assert(
      fc.property(all, (value) => {
        expect(thereAndBack(kind, int8(value).subarray(8 - size))).toBe(String(value));
      }),
    );
  });

  test("float8, every bit of a number, -0 too, and the words for the others", () => {
    const anyBits = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((bits) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(bits);
      return bytes.readDoubleBE();
    });
    const odd = fc.constantFrom(
      0,
      -0,
      5e-324,
      -5e-324,
      Number.MAX_VALUE,
      0.1,
      1e-7,
      1e21,
      2 ** 53 + 2,
      Infinity,
      -Infinity,
    );
    fc.assert(
      fc.property(fc.oneof(anyBits, odd, fc.double()), (value) => {
        const bytes = Buffer.alloc(8);
        bytes.writeDoubleBE(value);
        const text = thereAndBack("float8", bytes)!;
        expect(text).toBe(Number.isNaN(value) ? "NaN" : text);
        expect(Number(text)).toBe(value); // toBe tells 0 from -0
      }),
      { numRuns: 2000 },
    );
  });

  test("bool", () => {
    expect(thereAndBack("bool", Buffer.of(1))).toBe("true");
    expect(thereAndBack("bool", Buffer.of(0))).toBe("false");
  });

  test("text, of any characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (given) => {
        const text = given.replaceAll("\0", ""); // which no column can hold
        expect(thereAndBack("text", Buffer.from(text))).toBe(Buffer.from(text).toString("utf8"));
      }),
      { numRuns: 1000 },
    );
    expect(thereAndBack("text", Buffer.from('{"a": "\\u0000"}'))).toBe('{"a": "\\u0000"}');
  });

  test.each(["UTC", "Asia/Shanghai", "America/New_York"])("timestamps of %s, to the microsecond", (timeZone) => {
    const day = 86_400_000_000n;
    const anyTime = fc.bigInt({ min: -730_119n * day, max: 2_921_940n * day - 1n }); // years 1 to 9999
    fc.assert(
      fc.property(anyTime, (micros) => {
        const text = thereAndBack("timestamp", int8(micros), timeZone)!;
        expect(microsOf(text)).toBe(micros);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    [0x7fffffffffffffffn, "infinity"],
    [-0x8000000000000000n, "-infinity"],
    [2_921_940n * 86_400_000_000n, "10000-01-01 00:00:00.000000"],
    [9_223_371_331_199_999_999n, "294276-12-31 23:59:59.999999"],
    [-730_120n * 86_400_000_000n, "0001-12-31 00:00:00.000000 BC"],
    [-211_813_488_000_000_000n, "4714-11-24 00:00:00.000000 BC"],
  ])("timestamp %i is %s", (micros, text) => {
    expect(thereAndBack("timestamp", int8(micros))).toBe(text);
    expect(thereAndBack("timestamptz", int8(micros))).toBe(text);
  });
});

/** Microseconds since 2000 of a text of the years 1 to 9999, reckoned without the program's calendar. */
function microsOf(text: string): bigint {
  const seconds = Date.parse(`${text.slice(0, 10)}T${text.slice(11, 19)}Z`) / 1000 - Date.UTC(2000, 0, 1) / 1000;
  return BigInt(seconds) * 1_000_000n + BigInt(text.slice(20));
}

test("NULL and '' are two", () => {
  expect(columnText("text", null)).toBeNull();
  expect(columnText("text", "")).toBe("");
});

describe("values that the program never wrote are none", () => {
  const number = (text: string): NumberText => new NumberText(text);
  test.each<[ColumnKind, unknown]>([
    ["uuid", "not-a-uuid"],
    ["uuid", "0190A1B2-C3D4-4E5F-8A9B-0C1D2E3F4A5B"],
    ["uuid", 1],
    ["text", number("1")],
    ["text", { a: 1 }],
    ["text", true],
    ["text", undefined],
    ["int4", "1"],
    ["int8", number("1.0")],
    ["int8", number("1e3")],
    ["float8", "1"],
    ["float8", "nan"],
    ["bool", "true"],
    ["bool", number("1")],
    ["timestamp", "2025-10-01"],
    ["timestamp", "2025-10-01T00:00:00Z"],
    ["timestamp", "2025-10-01 00:00:00.000000; drop table x"],
    ["timestamp", "now"],
    ["timestamptz", number("0")],
  ])("%s: %j", (kind, value) => {
    expect(columnText(kind, value)).toBeUndefined();
  });
});

test.each([
  ["2025-11-01T02:00:00.123456Z", "2025-11-01 02:00:00.123456"],
  ["2025-11-01T02:00:00.123456+08:00", "2025-10-31 18:00:00.123456"],
  ["2025-10-31T22:30:00.000001-05:30", "2025-11-01 04:00:00.000001"],
  ["0001-01-01T00:00:00.000000+08:00", undefined],
  ["9999-12-31T23:59:59.999999-08:00", undefined],
  ["2025-13-01T00:00:00.000000+08:00", undefined],
  ["infinity", undefined],
  ["10000-01-01 00:00:00.000000", undefined],
])("the instant of %s is %s", (text, utc) => {
  expect(utcTimestamp(text)).toBe(utc);
});
