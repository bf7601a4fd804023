import type { Client, DiagnosticResult } from "@elastic/elasticsearch";
import type { SlowLog } from "../../engine/log.ts";
import { timeRequests } from "./timed-requests.ts";

/** Bodies beyond it are not looked into. */
const longestBody = 20_000;
const longestShape = 500;

/**
 * From now on requests of `client` that take `slow.millis` or longer, their repetitions included, are logged when they
 * end.
 */
export function watchRequests(client: Client, { millis, log }: SlowLog): void {
  timeRequests(client, (result, error, took) => {
    const durationMs = Math.round(took);
    if (durationMs < millis) return;
    const failure = error === null ? {} : { error: error.name };
    log.warn({ store: "elasticsearch", durationMs, ...shapeOf(result), ...failure }, "slow request");
  });
}

function shapeOf({ meta, statusCode }: DiagnosticResult): object {
  const { method, path, body } = meta.request.params;
  const text = typeof body === "string" || Buffer.isBuffer(body) ? body : undefined;
  return {
    method,
    path: pathShape(path),
    ...(text !== undefined && { bytes: Buffer.byteLength(text), ...bodyShape(path, text) }),
    status: statusCode,
    attempts: meta.attempts + 1,
  };
}

/** Ids of documents are the records' own. */
function pathShape(path: string): string {
  return path.replace(/(\/_(?:doc|create|update|source|explain))\/[^/?]+/, "$1/?");
}

/**
 * Of a body of lines the first two, head and body of the first of many searches. A bulk's lines are the records, and
 * its size says enough.
 */
function bodyShape(path: string, body: string | Buffer): { shape?: string } {
  if (body.length > longestBody || /\/_bulk\b/.test(path)) return {};
  const lines = body.toString().trim().split("\n").slice(0, 2);
  try {
    const shape = lines.map((line) => JSON.stringify(shapeOfValue(JSON.parse(line)))).join(" ");
    return { shape: shape.length > longestShape ? `${shape.slice(0, longestShape)}…` : shape };
  } catch {
    return {};
  }
}

/** Names and nesting without any value; of a list its first member, for the others are alike. */
function shapeOfValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOfValue);
  if (typeof value !== "object" || value === null) return "?";
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shapeOfValue(part)]));
}
