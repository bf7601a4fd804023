import { type DestinationStream, type Logger, pino } from "pino";
import { prettyFactory } from "pino-pretty";
import type { LogLevel } from "./log-levels.ts";
import { printable } from "./printable.ts";
import type { Redact } from "./redact.ts";

const secretPaths = ["password", "apiKey", "authorization", "connectionString"].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: "pretty" | "json";
  readonly colour: boolean;
  readonly redact: Redact;
  readonly write: (line: string) => void;
}

/**
 * Lines without secrets, be it by the name of their field or by their text: JSON with ISO times and names of levels, or
 * for people.
 */
export function createLog({ level, format, colour, redact, write }: LogSettings): Logger {
  const pretty = prettyFactory({ colorize: colour, translateTime: "UTC:yyyy-mm-dd'T'HH:MM:ss'Z'", singleLine: true });
  const destination: DestinationStream = {
    write: format === "json" ? write : (line) => write(pretty(plain(line))),
  };
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths, censor: "[secret]" },
      hooks: { streamWrite: redact },
    },
    destination,
  );
}

const escapes = /\\\\|\\u(?:00[0189][0-9a-f]|007f|20(?:0[ef]|2[89a-e]|6[6-9])|feff)/g;

/**
 * The JSON line with all that could steer a terminal as the text of its escape: made into values once, it stays text.
 */
function plain(line: string): string {
  return printable(line).replace(escapes, (escape) => (escape === "\\\\" ? escape : `\\${escape}`));
}
