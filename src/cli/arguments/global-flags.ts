import { z } from "zod";
import { toggle, value } from "../options/flags.ts";
import { oneOf, option } from "../options/values.ts";
import { logLevels } from "../output/log-levels.ts";

const address = option("a port, or HOST:PORT with the address of this machine to listen on", (text) => {
  const [, host = "127.0.0.1", digits = ""] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  const port = digits === "" ? Number.NaN : Number(digits);
  return port <= 65_535 ? { host: host.replace(/^\[(.*)\]$/, "$1"), port } : undefined;
});

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
  metrics: value(
    "serve Prometheus metrics at this port of this machine, or at HOST:PORT, while it works",
    address.optional(),
  ),
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
  metrics: globalFlags.metrics.schema,
});

export type GlobalOptions = z.output<typeof schema>;

/** The global ones of what was given on the command line. */
export function readGlobals(given: Readonly<Record<string, unknown>>): z.ZodSafeParseResult<GlobalOptions> {
  return schema.safeParse(given);
}
