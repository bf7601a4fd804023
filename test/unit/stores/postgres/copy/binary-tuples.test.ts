import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BinaryTuples } from "../../../../../src/stores/postgres/copy/binary-tuples.ts";
import { copyBytes } from "../../../../../dev/sample-logs/copy-bytes.ts";

type Row = (Uint8Array | null)[];

/** What comes out when the bytes arrive cut at these places. */
function readBack(bytes: Buffer, fields: number, cuts: readonly number[]): { rows: Row[]; tupleBytes: number[] } {
  const tuples = new BinaryTuples(fields);
  const rows: Row[] = [];
  const tupleBytes: number[] = [];
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].toSorted(
    (a, b) => a - b,
  );
  for (const [at, from] of places.slice(0, -1).entries()) {
    const chunk = Buffer.from(bytes.subarray(from, places[at + 1])); // a copy: the reader must not look beyond it
    tuples.push(chunk);
    while (tuples.next()) {
      tupleBytes.push(tuples.tupleBytes);
      rows.push(
        Array.from({ length: fields }, (_, field) => {
          const length = tuples.lengths[field]!;
          if (tuples.isNull(field)) return null;
          const start = tuples.starts[field]!;
          return Uint8Array.from(tuples.data.subarray(start, start + length));
        }),
      );
    }
  }
  return { rows, tupleBytes };
}

const field = fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null, freq: 4 });
const someRows = fc.integer({ min: 1, max: 5 }).chain((fields) =>
  fc.record({
    fields: fc.constant(fields),
    rows: fc.array(fc.array(field, { minLength: fields, maxLength: fields }), { maxLength: 30 }),
  }),
);

test("any rows, cut into any chunks, come out as they went in", () => {
  fc.assert(
    fc.property(someRows, fc.array(fc.nat(2000), { maxLength: 60 }), ({ fields, rows }, cuts) => {
      const read = readBack(copyBytes(rows), fields, cuts);
      expect(read.rows).toEqual(rows);
      expect(read.tupleBytes).toEqual(rows.map((row) => row.reduce((sum, f) => sum + 4 + (f?.length ?? 0), 2)));
    }),
    { numRuns: 300 },
  );
});

test("also when every byte arrives by itself", () => {
  const rows: Row[] = [
    [Uint8Array.of(), null, Uint8Array.of(255, 255, 255, 255)],
    [null, null, null],
    [Uint8Array.of(1), Uint8Array.of(), null],
  ];
  const bytes = copyBytes(rows);
  expect(readBack(bytes, 3, [...bytes.keys()]).rows).toEqual(rows);
});

test("rows far larger than a chunk, small ones between them", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(50), fc.integer({ min: 5000, max: 60_000 })), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 500, max: 9000 }),
      (sizes, chunk) => {
        const rows = sizes.map((size, at): Row => [Buffer.alloc(size, at + 1), null, Uint8Array.of(at)]);
        const bytes = copyBytes(rows);
        const cuts = Array.from({ length: Math.floor(bytes.length / chunk) }, (_, at) => (at + 1) * chunk);
        const read = readBack(bytes, 3, cuts).rows;
        expect(read.length).toBe(rows.length);
        for (const [at, row] of rows.entries()) {
          expect(Buffer.compare(read[at]![0]!, row[0]!)).toBe(0);
          expect(read[at]!.slice(1)).toEqual(row.slice(1));
        }
      },
    ),
    { numRuns: 40 },
  );
});

test("a row of many chunks costs time in proportion to its size", () => {
  const chunk = Buffer.alloc(4096, 1);
  const bytes = copyBytes([[Buffer.alloc(32 << 20, 1)]]);
  const tuples = new BinaryTuples(1);
  const started = performance.now();
  let rows = 0;
  for (let at = 0; at < bytes.length; at += chunk.length) {
    tuples.push(bytes.subarray(at, at + chunk.length));
    while (tuples.next()) rows++;
  }
  expect(rows).toBe(1);
  // 8192 chunks copied once each; copied anew each time it is a minute
  expect(performance.now() - started).toBeLessThan(1500);
});

test("a COPY without rows has none", () => {
  expect(readBack(copyBytes([]), 3, [5]).rows).toEqual([]);
});

describe("what is no such COPY is refused", () => {
  test("another signature", () => {
    const bytes = copyBytes([[null]]);
    bytes[10] = 1;
    expect(() => readBack(bytes, 1, [])).toThrow("not a binary COPY");
    expect(() => new BinaryTuples(1).push(Buffer.from("1\tsome text in the other format\n"))).toThrow(
      "not a binary COPY",
    );
  });

  test.each([1, 3])("%i fields where 2 were asked for", (fields) => {
    const bytes = copyBytes([[null, null], Array.from({ length: fields }, () => null)]);
    expect(() => readBack(bytes, 2, [])).toThrow(
      expect.objectContaining({ code: "unexpected_tuple", message: expect.stringContaining(`${fields} fields`) }),
    );
  });
});

test("text reads UTF-8 across a chunk's end", () => {
  const bytes = copyBytes([[Buffer.from("你好, мир 🎉")], [Buffer.from("")]]);
  const tuples = new BinaryTuples(1);
  tuples.push(bytes.subarray(0, 27));
  expect(tuples.next()).toBe(false);
  tuples.push(bytes.subarray(27));
  expect(tuples.next()).toBe(true);
  expect(tuples.text(0)).toBe("你好, мир 🎉");
  expect(tuples.next()).toBe(true);
  expect(tuples.text(0)).toBe("");
});
