import fc from "fast-check";
import { expect, test } from "vitest";
import { BinaryRows } from "../../../../../src/stores/postgres/copy/binary-rows.ts";
import { BinaryTuples } from "../../../../../src/stores/postgres/copy/binary-tuples.ts";

test("rows are read back as they were written, wherever they are taken away, long ones too", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }).map((text) => text.toWellFormed()),
    fc.integer({ min: 1, max: 200_000 }).map((length) => "長x".repeat(length)),
    fc.constant(null),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(texts, fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), fc.boolean())), (rows) => {
      const binary = new BinaryRows();
      const chunks: Buffer[] = [];
      for (const [text, micros, asBytes] of rows) {
        binary.row(3);
        if (asBytes) binary.text(text === null ? null : Buffer.from(text).toString("latin1"), "latin1");
        else binary.text(text);
        binary.jsonb(text === null ? null : JSON.stringify(text));
        binary.timestamp(micros);
        if (binary.isFull) chunks.push(binary.take());
      }
      chunks.push(binary.end());
      const tuples = new BinaryTuples(3);
      const found: [string | null, string | null, bigint][] = [];
      for (const chunk of chunks) {
        tuples.push(chunk);
        while (tuples.next()) {
          const time = tuples.data.readBigInt64BE(tuples.starts[2]) + 946_684_800_000_000n;
          const json = tuples.isNull(1) ? null : tuples.text(1);
          expect(json?.[0] ?? "\u0001").toBe("\u0001"); // the version of jsonb
          found.push([tuples.isNull(0) ? null : tuples.text(0), json?.slice(1) ?? null, time]);
        }
      }
      expect(found).toEqual(rows.map(([text, micros]) => [text, text === null ? null : JSON.stringify(text), micros]));
    }),
    { numRuns: process.env["TEST_FULL"] ? 500 : 40 },
  );
});
