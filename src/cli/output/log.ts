import { type DestinationStream, type Logger, pino } from "pino";
import type { LogLevel } from "./log-levels.ts";
import type { Redact } from "./redact.ts";

const secretPaths = ["password", "apiKey", "authorization", "connectionString"].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

/** JSON lines on `stream` without secrets, be it by the name of their field or by their text. */
export function createLog(level: LogLevel, stream: DestinationStream, redact: Redact): Logger {
  return pino(
    { level, base: null, redact: { paths: secretPaths, censor: "[secret]" }, hooks: { streamWrite: redact } },
    stream,
  );
}
