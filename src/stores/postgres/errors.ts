import pg from "pg";
import { AppError } from "../../engine/errors.ts";

const resume = "Then run the same command again: it goes on where it was.";

/** What SQLSTATE classes mean to an operator: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const bySqlState: Readonly<Record<string, { code: string; hint: string }>> = {
  "28P01": { code: "database_login", hint: "Check user and password in DATABASE_URL (or DB_USERNAME, DB_PASSWORD)." },
  "28000": { code: "database_login", hint: "Check user and password in DATABASE_URL, and pg_hba.conf on the server." },
  "3D000": { code: "database_missing", hint: "Check the database name in DATABASE_URL (or DB_DATABASE)." },
  "42501": {
    code: "database_privilege",
    hint: "The role needs SELECT on the log tables, and CREATE on the database or ownership of the schema log_archive.",
  },
  "25006": {
    code: "database_read_only",
    hint: "Connect to the primary with a role that may write: the archive keeps its state in the schema log_archive.",
  },
  "42P01": {
    code: "database_table",
    hint: "Check that DATABASE_URL names the database of the platform and that its migrations have run.",
  },
  "53100": { code: "database_disk_full", hint: `Free space on the database server. ${resume}` },
  "53300": { code: "database_busy", hint: `The server has no connection left. ${resume}` },
  "55P03": { code: "database_lock", hint: `Another session holds a lock that was needed. ${resume}` },
  "57P01": { code: "database_down", hint: `The server ended the connection. ${resume}` },
  "57P03": { code: "database_down", hint: `The server is starting or stopping. ${resume}` },
};

const unreachable = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EPIPE",
  "ENETUNREACH",
]);

/** One sentence and a hint for an error of the driver; undefined for anything else. Never holds a password. */
export function describePostgresError(error: unknown): AppError | undefined {
  if (error instanceof pg.DatabaseError) {
    const known = bySqlState[error.code ?? ""];
    const hint = known?.hint ?? (error.code?.startsWith("08") === true ? resume : undefined);
    return new AppError(known?.code ?? "database_error", `PostgreSQL: ${error.message} (${error.code})`, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  if (!(error instanceof Error)) return undefined;
  const cause = error instanceof AggregateError ? (error.errors[0] as Error) : error;
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const lost =
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/.test(
      cause.message,
    );
  if (!unreachable.has(code) && !lost) return undefined;
  return new AppError("database_unreachable", `PostgreSQL does not answer: ${cause.message}`, {
    cause: error,
    hint: `Check that the server runs and that DATABASE_URL (or DB_HOST, DB_PORT) names it. ${resume}`,
  });
}
