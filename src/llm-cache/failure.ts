import { mongodbFailure } from "../stores/mongodb/client.ts";
import { redisFailure } from "../stores/redis/client.ts";

/**
 * What a failed write is about. `connection`: the server was not reached or went away. `passing`: it takes nothing for
 * the time being. `records`: some of those written, perhaps not all. `all`: whatever is written, now and later.
 */
export type FailureKind = "connection" | "passing" | "records" | "all";

export interface Failure {
  readonly kind: FailureKind;
  /** For reports: `ConnectionError`, `DuplicateKeyError`, ... */
  readonly type: string;
  readonly message: string;
}

/** What an error of a store's driver means. */
export function failureOf(error: unknown): Failure {
  const cause = error instanceof AggregateError && error.errors.length > 0 ? (error.errors[0] as unknown) : error;
  if (!(cause instanceof Error)) return { kind: "all", type: "Error", message: String(cause) };
  return ofConnection(cause) ?? ofPostgres(cause) ?? ofRedis(cause) ?? ofMongodb(cause) ?? ofAnything(cause);
}

/** https://nodejs.org/api/errors.html, Common system errors. */
const connectionCodes: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset",
  EPIPE: "Connection lost",
  ETIMEDOUT: "Connection timed out",
  ENOTFOUND: "Host not found",
  EAI_AGAIN: "Host not found",
  EHOSTUNREACH: "Host unreachable",
  ENETUNREACH: "Network unreachable",
};

const lostByPostgres = /Connection terminated|timeout exceeded when trying to connect|connection error|not queryable/;

function ofConnection(error: Error): Failure | undefined {
  const { message } = error;
  // what wraps an error of the system keeps its message, and not always its code
  const code = (error as NodeJS.ErrnoException).code ?? /\bE[A-Z]{4,}(?:_[A-Z]+)?\b/.exec(message)?.[0];
  const inner = (error as { cause?: unknown }).cause;
  const known = connectionCodes[code ?? ""];
  if (known !== undefined) return connection(`${known} (${message})`);
  if (lostByPostgres.test(message)) return connection(message);
  return inner instanceof Error && inner !== error && redisOrMongoLost(error) ? ofConnection(inner) : undefined;
}

function redisOrMongoLost(error: Error): boolean {
  return mongodbFailure(error) === "connection" || redisFailure(error) === "connection";
}

function connection(message: string): Failure {
  return { kind: "connection", type: "ConnectionError", message };
}

/** By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
function ofPostgres(error: Error): Failure | undefined {
  const { code, severity } = error as { code?: string; severity?: string };
  if (severity === undefined || code === undefined || !/^[0-9A-Z]{5}$/.test(code)) return undefined;
  const message = `${error.message} (${code})`;
  if (/^08|^57P0/.test(code)) return connection(message);
  if (/^53|^40|^55P03/.test(code)) return { kind: "passing", type: "PostgresError", message };
  const kind = /^2[1-3]|^54/.test(code) ? "records" : "all";
  return { kind, type: postgresTypes[code] ?? "PostgresError", message };
}

const postgresTypes: Readonly<Record<string, string>> = {
  "22001": "ValueTooLongError",
  "22021": "InvalidTextError",
  "22P05": "InvalidTextError",
  "23505": "DuplicateKeyError",
};

function ofRedis(error: Error): Failure | undefined {
  const what = redisFailure(error);
  if (what === undefined) return undefined;
  if (what === "connection") return connection(error.message || "Connection lost");
  const everything = /^(NOPERM|NOAUTH|WRONGPASS)\b/.test(error.message);
  return {
    kind: what === "passing" ? "passing" : everything ? "all" : "records",
    type: "RedisError",
    message: error.message,
  };
}

/** 13 and 18: not allowed. */
const mongodbRefusesAll = new Set([13, 18, 8000]);

function ofMongodb(error: Error): Failure | undefined {
  const what = mongodbFailure(error);
  if (what === undefined) return undefined;
  if (what === "connection") return connection(error.message);
  const { code } = error as { code?: number };
  const kind = what === "passing" ? "passing" : mongodbRefusesAll.has(Number(code)) ? "all" : "records";
  return { kind, type: code === 11000 ? "DuplicateKeyError" : "MongoError", message: error.message };
}

/** BSON's encoder throws a RangeError for a document that is too large. */
function ofAnything(error: Error): Failure {
  return { kind: error instanceof RangeError ? "records" : "all", type: error.name, message: error.message };
}
