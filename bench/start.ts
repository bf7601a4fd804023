/**
 * How much processor time the command line takes before it does anything: npm run bench:start. The row of `node -e 0`
 * is what Node and the measuring itself take, and is in all others.
 */
import { formatTable } from "../src/cli/output/table.ts";
import { appArguments } from "./measured-process.ts";
import { runProcess } from "./support/run-process.ts";

const rounds = 11;
const hook = new URL("cpu-time.ts", import.meta.url).href;
const starts: readonly (readonly [string, readonly string[]])[] = [
  ["node -e 0", ["-e", "0"]],
  ["app --version", appArguments(["--version"])],
  ["app --help", appArguments(["--help"])],
  ["app elasticsearch status --help", appArguments(["elasticsearch", "status", "--help"])],
  ["app elasticsearch migrate --help", appArguments(["elasticsearch", "migrate", "--help"])],
];

const rows: (string | number)[][] = [];
for (const [name, args] of starts) {
  const millis: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { side } = await runProcess({
      file: process.execPath,
      args: ["--import", hook, ...args],
      signal: new AbortController().signal,
    });
    millis.push(Number(side));
  }
  millis.sort((a, b) => a - b);
  rows.push([name, millis[0]!, millis[Math.floor(rounds / 2)]!, millis.at(-1)!]);
}
console.log(formatTable(["", "least ms", "median ms", "most ms"], rows));
