import fc from "fast-check";
import { expect, test } from "vitest";
import { BulkBody } from "../../../../src/stores/elasticsearch/bulk/bulk-body.ts";
import {
  memberPrefix,
  writeAscii,
  writeRaw,
  writeString,
  writeTextBytes,
} from "../../../../src/workflow-logs/documents/json-bytes.ts";

const anyText = fc.oneof(
  fc.string({ unit: "binary" }), // any code points but surrogates, as UTF-8 has them
  fc.string({
    unit: fc.constantFrom(...Array.from({ length: 0x22 }, (_, at) => String.fromCharCode(at)), "\\", "\x7f"),
  }),
);

/** No byte that would end the line of a bulk request, or that JSON forbids inside a string. */
function expectOneLine(bytes: Uint8Array): void {
  expect(bytes.findIndex((byte) => byte < 0x20)).toBe(-1);
}

test("any UTF-8 text reads back byte for byte, at any starting size and place", () => {
  fc.assert(
    fc.property(
      fc.array(anyText, { maxLength: 4 }),
      fc.nat(60),
      fc.uint8Array({ maxLength: 5 }),
      (texts, capacity, around) => {
        const body = new BulkBody(capacity);
        const written = texts.map((text) => {
          const bytes = Buffer.from(text, "utf8");
          const source = Buffer.concat([around, bytes, around]); // what lies around it is not read
          const from = body.length;
          writeTextBytes(body, source, around.length, bytes.length);
          return { bytes, from, to: body.length };
        });
        for (const { bytes, from, to } of written) {
          const json = body.bytes().subarray(from, to);
          expectOneLine(json);
          expect(Buffer.from(JSON.parse(json.toString("utf8")) as string, "utf8").equals(bytes)).toBe(true);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("every byte below 0x80 by itself", () => {
  for (let byte = 0; byte < 0x80; byte++) {
    const body = new BulkBody(0);
    writeTextBytes(body, Buffer.of(byte), 0, 1);
    expect(JSON.parse(body.bytes().toString())).toBe(String.fromCharCode(byte));
    expectOneLine(body.bytes());
  }
});

test("100,000 control characters, which take six bytes each, between others", () => {
  const text = "a\u0001\u001f你".repeat(50_000);
  const bytes = Buffer.from(text);
  const body = new BulkBody(16);
  writeRaw(body, Buffer.from("before"));
  writeTextBytes(body, bytes, 0, bytes.length);
  expect(body.bytes().toString().startsWith("before")).toBe(true);
  expect(JSON.parse(body.bytes().toString().slice(6)) === text).toBe(true);
});

test("strings are written whole; a lone surrogate, which UTF-8 has not, becomes U+FFFD", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
      (text) => {
        const body = new BulkBody(0);
        writeString(body, text);
        expectOneLine(body.bytes());
        expect(JSON.parse(body.bytes().toString())).toBe(text.toWellFormed());
      },
    ),
  );
});

test("raw bytes, ASCII and member names", () => {
  const body = new BulkBody(1);
  writeRaw(body, memberPrefix("plain", true));
  writeAscii(body, "123");
  writeRaw(body, memberPrefix('odd "\\\nname 你', false));
  writeAscii(body, "null");
  expect(JSON.parse(`{${body.bytes().toString()}}`)).toEqual({ plain: 123, 'odd "\\\nname 你': null });
  expectOneLine(body.bytes());
});
