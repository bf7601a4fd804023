import { z } from "zod";
import { toggle, value } from "../options/flags.ts";
import { oneOf } from "../options/values.ts";
import { logLevels } from "../output/log-levels.ts";

/** The flags that every command has. */
export const globalFlags = {
  json: toggle("print one JSON document on stdout and nothing else there"),
  quiet: toggle("print only the result and errors"),
  noProgress: toggle("print no progress"),
  wide: toggle("print tables with whole ids and all columns, however narrow the terminal is"),
  logLevel: value("log on stderr from this level on", oneOf(...logLevels).optional(), {
    shownDefault: "warn; worker: info",
  }),
  logFormat: value("log lines for people or for programs", oneOf("pretty", "json").optional(), {
    shownDefault: "pretty on a terminal, else json",
  }),
  yes: toggle("answer confirmations with yes"),
  envFile: value("read this file instead of .env", z.string().optional()),
  help: toggle("show help"),
  version: toggle("print the version"),
};

const schema = z.object({
  json: globalFlags.json.schema,
  quiet: globalFlags.quiet.schema,
  noProgress: globalFlags.noProgress.schema,
  wide: globalFlags.wide.schema,
  logLevel: globalFlags.logLevel.schema,
  logFormat: globalFlags.logFormat.schema,
  yes: globalFlags.yes.schema,
  envFile: globalFlags.envFile.schema,
});

export type GlobalOptions = z.output<typeof schema>;

/** The global ones of what was given on the command line. */
export function readGlobals(given: Readonly<Record<string, unknown>>): z.ZodSafeParseResult<GlobalOptions> {
  return schema.safeParse(given);
}
