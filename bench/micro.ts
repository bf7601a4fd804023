/**
 * npm run bench:micro [-- --rows 2000]: nanoseconds that each step of the fast path takes for a row, in memory and
 * without servers.
 */
import { parseArgs } from "node:util";
import { nodeExecutionCopy } from "../dev/sample-logs/node-execution-copy.ts";
import { formatCount } from "../src/cli/output/format.ts";
import { time } from "./micro/harness.ts";
import { stepsOf } from "./micro/steps.ts";
import { markdown } from "./support/markdown.ts";

const { values } = parseArgs({ options: { rows: { type: "string", default: "2000" } } });
const copy = nodeExecutionCopy({ nodeExecutions: Number(values.rows), tenants: 1 });
const results = stepsOf(copy).map(time);

console.log(
  markdown({
    title: `Steps of the fast path, rows of ${formatCount(copy.bytes.length / copy.rows)} bytes on the wire`,
    heads: ["", "ns/row", "MB/s read"],
    lines: results.map(({ name, nanosPerRow, megabytesPerSecond }) => [
      name,
      formatCount(nanosPerRow),
      formatCount(megabytesPerSecond),
    ]),
    notes: [],
    figures: results,
  }),
);
