import fc from "fast-check";
import { expect, test } from "vitest";
import { widthOf, withWrappedSentences } from "../../../../src/cli/output/words.ts";

test("remarks and verdicts are continued at words, and commands in backticks stay whole", () => {
  const note = "Note: rows come late. `app elasticsearch capture install` records every write";
  expect(withWrappedSentences(`table\n${note}\n✓ SUCCESS: all of the rows are there`, 40).split("\n")).toEqual([
    "table",
    "Note: rows come late.",
    "`app elasticsearch capture install`",
    "records every write",
    "✓ SUCCESS: all of the rows are there",
  ]);
});

test("nothing else is touched: commands, tables, lines that fit", () => {
  const text =
    "Retry them with: app elasticsearch errors retry --run-id 6a4302ac-33c4-45f1-beab-c9487b037402\na    b    c\nNote: short";
  expect(withWrappedSentences(text, 20)).toBe(text);
});

test("no word is lost, and no line is wider than it must be", () => {
  const word = fc.stringMatching(/^[a-z你好é.,()]{1,12}$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), fc.integer({ min: 24, max: 100 }), (some, width) => {
      const lines = withWrappedSentences(`Note: ${some.join(" ")}`, width).split("\n");
      expect(lines.join(" ")).toBe(`Note: ${some.join(" ")}`);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
    }),
  );
});
