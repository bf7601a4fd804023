import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BulkBody } from "../../../../src/stores/elasticsearch/bulk/bulk-body.ts";
import {
  columnKind,
  type ColumnKind,
  columnWriters,
  doubleJson,
} from "../../../../src/workflow-logs/documents/column-writers.ts";
import { offsetOf } from "../../../../src/workflow-logs/documents/time-zone.ts";
import { timestampText } from "../../../../src/workflow-logs/documents/timestamps.ts";

const utc = columnWriters(offsetOf("UTC"));

/** The JSON text of one field, read from between other bytes into a body without room. */
function written(kind: ColumnKind, field: Buffer, writers = utc): string {
  const body = new BulkBody(0);
  const data = Buffer.concat([Buffer.alloc(3, 0xaa), field, Buffer.alloc(3, 0xaa)]);
  writers[kind](body, data, 3, field.length);
  return body.bytes().toString("utf8");
}

function int8(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

test("uuid", () => {
  fc.assert(
    fc.property(fc.uuid(), (uuid) => {
      expect(written("uuid", Buffer.from(uuid.replaceAll("-", ""), "hex"))).toBe(`"${uuid}"`);
    }),
  );
});

describe("integers, to their extremes", () => {
  const cases: [ColumnKind, number, bigint][] = [
    ["int2", 2, 1n << 15n],
    ["int4", 4, 1n << 31n],
    ["int8", 8, 1n << 63n],
  ];
  test.each(cases)("%s", (kind, size, bound) => {
    const all = fc.oneof(fc.constantFrom(-bound, bound - 1n, 0n, -1n), fc.bigInt({ min: -bound, max: bound - 1n }));
    fc.assert(
      fc.property(all, (value) => {
        expect(written(kind, int8(value).subarray(8 - size))).toBe(`${value}`);
      }),
    );
  });
});

test("booleans", () => {
  expect(written("bool", Buffer.of(1))).toBe("true");
  expect(written("bool", Buffer.of(0))).toBe("false");
});

test("every double reads back with the same bits, the non-finite ones as strings", () => {
  const bits = fc.oneof(
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    fc.constantFrom(
      0n,
      1n << 63n,
      1n,
      0x7fefffffffffffffn,
      0x7ff0000000000000n,
      0xfff0000000000000n,
      0x7ff8000000000000n,
    ),
  );
  fc.assert(
    fc.property(bits, (pattern) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(pattern);
      const value = bytes.readDoubleBE();
      const json: unknown = JSON.parse(written("float8", bytes));
      expect(typeof json).toBe(Number.isFinite(value) ? "number" : "string");
      expect(Object.is(Number(json), value)).toBe(true);
    }),
    { numRuns: 1000 },
  );
  expect([NaN, Infinity, -Infinity, -0, 0].map(doubleJson)).toEqual([
    '"NaN"',
    '"Infinity"',
    '"-Infinity"',
    "-0.0",
    "0",
  ]);
});

const microsPerDay = 86_400_000_000n;
const millisTo2000 = BigInt(Date.UTC(2000, 0, 1));

/** The same instant spelled with BigInt and Date alone. */
function spelled(micros: bigint): { year: number; text: string } {
  const inMilli = ((micros % 1000n) + 1000n) % 1000n;
  const date = new Date(Number((micros - inMilli) / 1000n + millisTo2000));
  const year = date.getUTCFullYear();
  const rest = date
    .toISOString()
    .replace(/^[+-]?\d+/, "")
    .replace("T", " ")
    .slice(0, -1);
  const shown = String(year > 0 ? year : 1 - year).padStart(4, "0");
  return { year, text: `${shown}${rest}${String(inMilli).padStart(3, "0")}${year > 0 ? "" : " BC"}` };
}

const instant = (text: string): bigint => (BigInt(Date.parse(text)) - millisTo2000) * 1000n;
const year1 = instant("0001-01-01T00:00:00Z");
const year10000 = instant("+010000-01-01T00:00:00Z");
const exact = 2n ** 53n; // 285 years in microseconds
const micros = fc.oneof(
  fc.bigInt({ min: instant("1969-01-01T00:00:00Z"), max: instant("2100-01-01T00:00:00Z") }),
  fc.bigInt({ min: year1, max: year10000 - 1n }),
  fc.bigInt({ min: instant("-004713-01-01T00:00:00Z"), max: instant("+275000-01-01T00:00:00Z") }),
  fc
    .tuple(
      fc.constantFrom(0n, exact, -exact, year1, year10000, instant("1970-01-01T00:00:00Z")),
      fc.bigInt({ min: -40n, max: 40n }),
    )
    .map(([border, distance]) => border + distance),
  fc
    .tuple(fc.bigInt({ min: -3000n, max: 3000n }), fc.constantFrom(-1n, 0n, 1n))
    .map(([day, off]) => day * microsPerDay + off),
);

test.each(["1600-02-29", "1900-02-28", "1900-03-01", "1999-12-31", "2000-02-29", "2000-03-01", "2400-02-29"])(
  "%s",
  (date) => {
    expect(timestampText(int8(instant(`${date}T00:00:00Z`)), 0)).toBe(`${date} 00:00:00.000000`);
    expect(written("timestamp", int8(instant(`${date}T23:59:59Z`)))).toBe(`"${date}T23:59:59.000000Z"`);
  },
);

test("timestamps of the years 1 to 9999 have six digits and an offset, others PostgreSQL's spelling", () => {
  fc.assert(
    fc.property(micros, (value) => {
      const { year, text } = spelled(value);
      expect(timestampText(int8(value), 0)).toBe(text);
      const iso = year >= 1 && year <= 9999;
      const expected = iso ? `${text.replace(" ", "T")}Z` : text;
      expect(JSON.parse(written("timestamp", int8(value)))).toBe(expected);
      expect(JSON.parse(written("timestamptz", int8(value)))).toBe(expected);
    }),
    { numRuns: 1000 },
  );
});

test.each([
  [2n ** 63n - 1n, "infinity"],
  [-(2n ** 63n), "-infinity"],
])("%d is %s", (value, text) => {
  expect(JSON.parse(written("timestamp", int8(value)))).toBe(text);
});

test.each(["Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "America/St_Johns"])(
  "in %s the local text is kept to the digit, only the offset is added",
  (zone) => {
    const writers = columnWriters(offsetOf(zone));
    fc.assert(
      fc.property(fc.bigInt({ min: year1, max: year10000 - 1n }), (value) => {
        const text = JSON.parse(written("timestamp", int8(value), writers)) as string;
        expect(text.slice(0, 26).replace("T", " ")).toBe(spelled(value).text);
        expect(text.slice(26)).toMatch(/^[+-]\d\d:\d\d$/);
        expect(written("timestamptz", int8(value), writers)).toMatch(/Z"$/); // that one is UTC already
      }),
      { numRuns: 200 },
    );
  },
);

test("types without a writer travel as text, float4 as the double it is", () => {
  expect(columnKind("uuid")).toEqual({ kind: "uuid", cast: "" });
  expect(columnKind("varchar")).toEqual({ kind: "text", cast: "" });
  expect(columnKind("float4")).toEqual({ kind: "float8", cast: "::float8" });
  for (const type of ["numeric", "jsonb", "bytea", "inet", "_text", "my_enum"])
    expect(columnKind(type)).toEqual({ kind: "text", cast: "::text" });
});
