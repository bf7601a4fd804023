import yargs from "yargs";

import { generateSampleLogs, type GenerateOptions } from "./generate.ts";
import { schemaVersions } from "./schema.ts";
import { defaultSampleOptions as defaults } from "./sample-options.ts";

const whole = (least: number, describe: string, fallback: number) => ({
  describe,
  default: fallback,
  nargs: 1,
  coerce: (text: unknown) => {
    if (!/^\d+$/.test(String(text)) || Number(text) < least)
      throw new Error(`${describe}: a whole number from ${least}`);
    return Number(text);
  },
});

const month = (text: unknown): string => {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(String(text))) throw new Error("--first-month: a month as YYYY-MM");
  return String(text);
};

const parser = yargs(process.argv.slice(2))
  .scriptName("sample-logs")
  .usage("$0\n\nFills a PostgreSQL database with workflow logs in the tables of Dify. Prints a JSON summary.")
  .options({
    "database-url": {
      describe: "database to fill; the tables are created when absent",
      type: "string",
      demandOption: true,
    },
    schema: { describe: "version of Dify", choices: schemaVersions, default: defaults.schema },
    "node-executions": whole(0, "ordinary node executions", defaults.nodeExecutions),
    tenants: whole(1, "tenants; the first has the most rows", defaults.tenants),
    months: whole(1, "months", defaults.months),
    "first-month": { describe: "first month", default: defaults.firstMonth, coerce: month },
    seed: whole(0, "same seed, same rows", defaults.seed),
    "graph-bytes": whole(0, "size of the graph copied into every run", defaults.graphBytes),
    "blob-folder": { describe: "where offloaded values are written", type: "string" },
    hostile: { describe: "add every row that is known to break such migrations", type: "boolean", default: false },
    "huge-rows": { describe: "with --hostile: add rows of 6 and 20 MB", type: "boolean", default: false },
    unarchivable: { describe: "add rows whose created_at has no month", type: "boolean", default: false },
  })
  .strict()
  .version(false)
  .fail(false);

try {
  const options: GenerateOptions = await parser.parseAsync();
  process.stdout.write(`${JSON.stringify(await generateSampleLogs(options), null, 2)}\n`);
} catch (error) {
  // A refused connection is an AggregateError without a message of its own.
  const [reason] = error instanceof AggregateError ? error.errors : [error];
  process.stderr.write(`sample-logs: ${reason instanceof Error ? reason.message : String(reason)}\n`);
  process.exitCode = 1;
}
