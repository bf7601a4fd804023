import { expect, test } from "vitest";
import { painter } from "../../../../src/cli/output/colour.ts";

const terminal = { isTTY: true, write: () => true };
const text = "✓ fine\n⚠ WARNING: look\nplain ✓\nError: broken\n✖ --rows: is missing";

test("on a terminal lines are coloured by the mark that they begin with", () => {
  expect(painter(terminal, {})(text)).toBe(
    "\u001b[32m✓ fine\u001b[39m\n\u001b[33m⚠ WARNING: look\u001b[39m\nplain ✓\n\u001b[31mError:\u001b[39m broken\n\u001b[31m✖ --rows: is missing\u001b[39m",
  );
});

test.each([
  [{ ...terminal, isTTY: false }, {}],
  [terminal, { NO_COLOR: "1" }],
  [terminal, { TERM: "dumb" }],
])("not in a file, and not where it is unwanted", (stream, env) => {
  expect(painter(stream, env)(text)).toBe(text);
});
