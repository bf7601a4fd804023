import fc from "fast-check";
import { expect, test } from "vitest";
import { ObjectScanner } from "../../../../../src/stores/elasticsearch/documents/object-scanner.ts";
import { scanHits } from "../../../../../src/stores/elasticsearch/documents/scan-hits.ts";

/** The members of the object at `start`, each as the text that stands there, and the position behind it. */
function membersOf(scanner: ObjectScanner, json: Buffer, start: number): { end: number; members: string[][] } {
  const places = scanner.scan(start);
  const members: string[][] = [];
  for (let at = 1; at < places.length; at += 4)
    members.push([
      json.toString("utf8", places[at], places[at + 1]),
      json.toString("utf8", places[at + 2], places[at + 3]).trim(),
    ]);
  return { end: places[0]!, members };
}

const hostile = fc.constantFrom('"', "\\", "\\\\", '\\"', "{", "}", "[", "]", ",", ":", '"_id":', "é", "杰", "\n", "");
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(hostile, { maxLength: 40 }).map((parts) => parts.join("")),
);
const object = fc.dictionary(
  text,
  fc.oneof(text, fc.jsonValue(), fc.integer(), fc.constant(null), fc.array(text, { maxLength: 3 })),
  { maxKeys: 8, noNullPrototype: true },
);

test("the members of every object are those that JSON.parse finds, whatever is in them", () => {
  fc.assert(
    fc.property(fc.array(object, { minLength: 1, maxLength: 4 }), fc.constantFrom(undefined, 1), (objects, indent) => {
      const json = Buffer.from(JSON.stringify(objects, undefined, indent));
      const scanner = new ObjectScanner(json);
      let at = 0;
      for (const one of objects) {
        at = json.indexOf("{", at);
        const { end, members } = membersOf(scanner, json, at);
        const found = members.map(([key, value]) => [JSON.parse(key!), JSON.parse(value!)]);
        expect(found).toEqual(Object.entries(JSON.parse(JSON.stringify(one)) as object));
        at = end;
      }
    }),
    { numRuns: 500 },
  );
});

test("objects across the ends of slices, larger than one, and with more members than are counted", () => {
  const many = Object.fromEntries(Array.from({ length: 1500 }, (_, at) => [`m${at}`, at]));
  const objects = [
    ...Array.from({ length: 300 }, (_, at) => ({ at, text: '\\"x'.repeat(at * 3) })),
    { text: '"\\'.repeat(200_000) },
    many,
    { last: true },
  ];
  const json = Buffer.from(objects.map((one) => JSON.stringify(one)).join(""));
  const scanner = new ObjectScanner(json);
  const other = Buffer.from('{"other":1}');
  let at = 0;
  for (const one of objects) {
    const { end, members } = membersOf(scanner, json, at);
    expect(members.map(([key]) => JSON.parse(key!))).toEqual(Object.keys(one));
    expect(json.toString("utf8", at, end)).toBe(JSON.stringify(one));
    expect(membersOf(new ObjectScanner(other), other, 0).members).toEqual([['"other"', "1"]]); // one memory for all
    at = end;
  }
});

test("an object that is cut anywhere, or is none, is an error", () => {
  const whole = '{"a" : "x\\"y", "b":[{"c":{}}], "d":1.5}';
  for (let length = 0; length < whole.length; length++)
    expect(() => new ObjectScanner(Buffer.from(whole.slice(0, length))).scan(0), whole.slice(0, length)).toThrow();
  for (const none of ['{"a" "b"}', '{"a":1]', "{a:1}"])
    expect(() => new ObjectScanner(Buffer.from(none)).scan(0)).toThrow();
});

test("the hits of a search with their sources as they stand there", () => {
  const hits = [
    { _index: "i", _id: 'a"', _source: { hits: { hits: [] }, n: 1 }, sort: ["a", 1] },
    { _index: "i", _id: "b", _score: null, sort: [null, 9007199254740992] },
  ];
  const answer = { took: 1, _shards: { total: 1 }, hits: { total: { value: 2 }, max_score: null, hits }, x: "hits" };
  expect(scanHits(Buffer.from(JSON.stringify(answer)))).toEqual(
    hits.map(({ _id: id, _source, sort }) => ({ id, source: _source && Buffer.from(JSON.stringify(_source)), sort })),
  );
  expect(scanHits(Buffer.from('{"took":1,"hits":{"total":0}}'))).toBeUndefined();
  expect(scanHits(Buffer.from('{"took":1,"hits":{"hits":[]}}'))).toEqual([]);
  expect(() => scanHits(Buffer.from('{"hits":{"hits":[{"_id":"a"}'))).toThrow();
});
