import fc from "fast-check";
import { expect, test } from "vitest";
import { searchTerms } from "../../../../src/workflow-logs/search/search-terms.ts";

test.each([
  ["invoice", ["invoice"]],
  ["  late   invoice ", ["late", "invoice"]],
  ['"late invoice" 42', ["late invoice", "42"]],
  ['error:"no such file"', ["error:", "no such file"]],
  ['"not closed', ["not closed"]],
  ['"" " "', []],
  ["发票 逾期", ["发票", "逾期"]],
])("%j asks for %j", (text, terms) => {
  expect(searchTerms(text)).toEqual(terms);
});

test("no character but white space and quotes is left out", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const bare = (some: string): string => some.replace(/[\s"]/gu, "");
      expect(bare(searchTerms(text).join(""))).toBe(bare(text));
    }),
  );
});
