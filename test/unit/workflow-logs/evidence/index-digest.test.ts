import fc from "fast-check";
import { expect, test } from "vitest";
import { compareIds, IndexDigester, type IndexDigest } from "../../../../src/workflow-logs/evidence/index-digest.ts";

type Documents = ReadonlyMap<string, string>;

function digestOf(documents: Documents, ends: ConstructorParameters<typeof IndexDigester>[0]): IndexDigest {
  const digester = new IndexDigester(ends);
  for (const [id, text] of [...documents].toSorted(([a], [b]) => compareIds(a, b)))
    expect(digester.add(id, Buffer.from(JSON.stringify({ id, text })))).toBeDefined();
  return digester.end();
}

const documents = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 8, unit: "grapheme" }), { maxLength: 60 })
  .chain((ids) =>
    fc
      .array(fc.string(), { minLength: ids.length, maxLength: ids.length })
      .map((texts) => new Map(ids.map((id, at) => [id, texts[at]!]))),
  );

test("the same documents have the same root at the same ends, and any other ones another", () => {
  fc.assert(
    fc.property(documents, documents, fc.integer({ min: 1, max: 10 }), (some, others, every) => {
      const digest = digestOf(some, { every });
      const at = digest.segments.map(({ lastId }) => lastId);
      expect(digestOf(some, { at })).toEqual(digest);
      const isSame = some.size === others.size && [...some].every(([id, text]) => others.get(id) === text);
      expect(digestOf(others, { at }).root === digest.root).toBe(isSame);
      expect(digest.documents).toBe(some.size);
      expect(digest.segments.every((segment) => segment.documents <= every)).toBe(true);
    }),
  );
});

test("one document that is another, gone or new is in the segment that differs, and in no other", () => {
  fc.assert(
    fc.property(
      documents.filter(({ size }) => size > 2),
      fc.nat(),
      fc.constantFrom("change", "delete", "add"),
      (some, choice, what) => {
        const digest = digestOf(some, { every: 3 });
        const at = digest.segments.map(({ lastId }) => lastId);
        const picked = [...some.keys()][choice % some.size]!;
        const other = new Map(some);
        const touched = what === "add" ? `${picked}!` : picked;
        if (what === "delete") other.delete(picked);
        else if (what === "change") other.set(picked, `${some.get(picked)!}.`);
        else if (other.has(touched)) return;
        else other.set(touched, "");
        const found = digestOf(other, { at });
        const place = at.findIndex((end) => compareIds(touched, end) <= 0);
        const differing = found.segments.flatMap(({ hash }, number) =>
          hash === digest.segments[number]?.hash ? [] : [number],
        );
        expect(differing).toEqual([place === -1 ? at.length : place]);
      },
    ),
  );
});

test("ids that do not lie behind the one before are not taken", () => {
  const digester = new IndexDigester({ every: 10 });
  const source = Buffer.from("{}");
  expect(digester.add("b", source)).toBeDefined();
  expect(digester.add("b", source)).toBeUndefined();
  expect(digester.add("a", source)).toBeUndefined();
  expect(digester.end().documents).toBe(1);
});
