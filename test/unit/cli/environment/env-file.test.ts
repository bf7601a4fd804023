import fc from "fast-check";
import { expect, test } from "vitest";
import { parseEnvFile } from "../../../../src/cli/environment/env-file.ts";

/**
 * What python-dotenv 1.2.4 (`dotenv_values`, by which Dify's configuration reads .env) makes of each, with OUTER=outer
 * in the environment.
 */
const cases: [text: string, values: Record<string, string>][] = [
  ["A=b", { A: "b" }],
  ["A=b\nB=c", { A: "b", B: "c" }],
  ["export A=b", { A: "b" }],
  ["export  A = b  ", { A: "b" }],
  ["A=b # comment", { A: "b" }],
  ["A=b#no comment", { A: "b#no comment" }],
  ["A='b # c' # d", { A: "b # c" }],
  ['A="b # c" # d', { A: "b # c" }],
  ["A=", { A: "" }],
  ["A", {}],
  ["A=\nB=c", { A: "", B: "c" }],
  ["A='it\\'s'", { A: "it's" }],
  ["A='a\\\\b\\n'", { A: "a\\b\\n" }],
  ['A="a\\"b"', { A: 'a"b' }],
  ['A="a\\nb\\tc\\\\d"', { A: "a\nb\tc\\d" }],
  ['A="a\nb\nc"\nB=d', { A: "a\nb\nc", B: "d" }],
  ["A='a\nb'\nB=d", { A: "a\nb", B: "d" }],
  ["A=a b c", { A: "a b c" }],
  ["A= 'a' ", { A: "a" }],
  ['A="a" b', {}],
  ["A='a\nB=c", { B: "c" }],
  ['A="unfinished\nB=c', { B: "c" }],
  ["'A'=b", { A: "b" }],
  ["# c\nA=b", { A: "b" }],
  [" A=b", { A: "b" }],
  ["A=b\r\nB=c\r\n", { A: "b", B: "c" }],
  ["A=b\rB=c", { A: "b", B: "c" }],
  ["A=${OUTER}", { A: "outer" }],
  ["A=x\nB=${A}-y", { A: "x", B: "x-y" }],
  ["A=${NONE:-d}", { A: "d" }],
  ["A=${NONE}", { A: "" }],
  ["A='${OUTER}'", { A: "outer" }],
  ["A=$OUTER", { A: "$OUTER" }],
  ["A=a$b", { A: "a$b" }],
  ["A=\\n", { A: "\\n" }],
  ["A=p@ss#w0rd!", { A: "p@ss#w0rd!" }],
  ["A=p@ss #w0rd", { A: "p@ss" }],
  ['A="p@ss #w0rd"', { A: "p@ss #w0rd" }],
  ['A=["http://localhost:9200"]', { A: '["http://localhost:9200"]' }],
  ["A='[\"http://localhost:9200\"]'", { A: '["http://localhost:9200"]' }],
  ["A==b", { A: "=b" }],
  ["A=b=c", { A: "b=c" }],
  ["=b", {}],
  ["A b", {}],
  ["A:b", {}],
  ["A=a\tb\t#c", { A: "a\tb" }],
  ["A='a'#b", { A: "a" }],
  ['A=""', { A: "" }],
  ["A=''", { A: "" }],
  ["A=b\nA=c", { A: "c" }],
  ["1A=b", { "1A": "b" }],
  ["A.B=c", { "A.B": "c" }],
  ["A-B=c", { "A-B": "c" }],
  ["A=\u00e4\u4f60", { A: "\u00e4\u4f60" }],
  ['A="\\u00e4"', { A: "\\u00e4" }],
  ["A=`a b`", { A: "`a b`" }],
  ["A=a\\", { A: "a\\" }],
  ["export A", {}],
  ["exportA=b", { exportA: "b" }],
  ["A=b # c # d", { A: "b" }],
  ["A=#b", { A: "#b" }],
  ["A= #b", { A: "" }],
  ["A='b'\n\n\n#x\nB=c", { A: "b", B: "c" }],
  ["A=${OUTER:-x}y${NONE:-z}", { A: "outeryz" }],
  ["A=x\nB=${A}\nA=z", { A: "z", B: "x" }],
  ['A="x\\${OUTER}"', { A: "x\\outer" }],
  ["A='a' 'b'\nB=c", { B: "c" }],
  ["A=\u000bx", { A: "x" }],
  ["A=a\u00a0#b", { A: "a" }],
  [" \n\nA=b\n \n", { A: "b" }],
  ["A=b'c'", { A: "b'c'" }],
  ['A=b"c d"', { A: 'b"c d"' }],
  ["%A=b", { "%A": "b" }],
  ["A\u00a0=b", { A: "b" }],
];

test.each(cases)("%j is read as the platform reads it", (text, values) => {
  expect(parseEnvFile(text, { OUTER: "outer" }).values).toEqual(values);
});

test("lines that are no assignment are named", () => {
  expect(parseEnvFile("A=1\n=b\n\n# c\nB='open\nC=2\n", {})).toEqual({
    values: { A: "1", C: "2" },
    unreadable: [2, 5],
  });
});

test("every value comes back from single quotes, and every plain word unquoted", () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const quoted = value.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
      fc.pre(!value.includes("${"));
      expect(parseEnvFile(`A='${quoted}'\nB=1`, {}).values).toEqual({ A: value, B: "1" });
    }),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[!-~]+$/), (word) => {
      fc.pre(!/^['"]|\$\{/.test(word));
      expect(parseEnvFile(`A=${word}`, {}).values).toEqual({ A: word });
    }),
  );
});
