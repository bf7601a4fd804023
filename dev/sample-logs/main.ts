import { Command, InvalidArgumentError, Option } from "commander";

import { generateSampleLogs, type GenerateOptions } from "./generate.ts";
import { schemaVersions } from "./schema.ts";
import { defaultSampleOptions as defaults } from "./sample-options.ts";

const command = new Command("sample-logs")
  .description("Fills a PostgreSQL database with workflow logs in the tables of Dify. Prints a JSON summary.")
  .requiredOption("--database-url <url>", "database to fill; the tables are created when absent")
  .addOption(new Option("--schema <version>", "version of Dify").choices(schemaVersions).default(defaults.schema))
  .option("--node-executions <rows>", "ordinary node executions", count(0), defaults.nodeExecutions)
  .option("--tenants <number>", "tenants; the first has the most rows", count(1), defaults.tenants)
  .option("--months <number>", "months", count(1), defaults.months)
  .option("--first-month <YYYY-MM>", "first month", month, defaults.firstMonth)
  .option("--seed <number>", "same seed, same rows", count(0), defaults.seed)
  .option("--graph-bytes <bytes>", "size of the graph copied into every run", count(0), defaults.graphBytes)
  .option("--blob-folder <folder>", "where offloaded values are written")
  .option("--hostile", "add every row that is known to break such migrations")
  .option("--huge-rows", "with --hostile: add rows of 6 and 20 MB")
  .option("--unarchivable", "add rows whose created_at has no month")
  .action(async (options: GenerateOptions) => {
    process.stdout.write(`${JSON.stringify(await generateSampleLogs(options), null, 2)}\n`);
  });

try {
  await command.parseAsync();
} catch (error) {
  // A refused connection is an AggregateError without a message of its own.
  const [reason] = error instanceof AggregateError ? error.errors : [error];
  process.stderr.write(`sample-logs: ${reason instanceof Error ? reason.message : String(reason)}\n`);
  process.exitCode = 1;
}

function count(least: number): (text: string) => number {
  return (text) => {
    if (!/^\d+$/.test(text) || Number(text) < least) throw new InvalidArgumentError(`A whole number from ${least} on.`);
    return Number(text);
  };
}

function month(text: string): string {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) throw new InvalidArgumentError("A month as YYYY-MM.");
  return text;
}
