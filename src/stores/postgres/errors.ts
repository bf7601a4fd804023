import pg from "pg";
import { AppError } from "../../engine/errors.ts";
import { isTlsFailure } from "./connection/secured-client.ts";
import { meaningOf } from "./sqlstates.ts";

const resume = "Then run the same command again: it goes on where it was.";

const rowSecurityHint =
  "A superuser has to give the role BYPASSRLS (ALTER ROLE ... BYPASSRLS): rows that it cannot see would be missed without a word.";

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
    const isRowSecurity = error.code === "42501" && error.routine === "check_enable_rls"; // as any missing privilege
    if (isRowSecurity)
      return new AppError("row_security", `PostgreSQL: ${error.message}`, { cause: error, hint: rowSecurityHint });
    const { code, hint = "Report it, with the server's log of that moment." } = meaningOf(error.code ?? "") ?? {
      code: "database_error",
    };
    return new AppError(code, `PostgreSQL: ${error.message} (${error.code})`, { cause: error, hint });
  }
  if (!(error instanceof Error)) return undefined;
  const cause = error instanceof AggregateError ? (error.errors[0] as Error) : error;
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  if (code === "EMFILE" || code === "ENFILE")
    return new AppError("too_many_files", `No file or connection can be opened any more (${code}).`, {
      cause: error,
      hint: `Raise the limit of open files (ulimit -n) to 1024 or more. ${resume}`,
    });
  const tls = tlsProblem(cause, code);
  if (tls !== undefined) return new AppError("database_tls", tls.message, { cause: error, hint: tls.hint });
  const lost =
    /Connection terminated|timeout expired|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/.test(
      cause.message,
    );
  if (!unreachable.has(code) && !lost) return undefined;
  return new AppError("database_unreachable", `PostgreSQL does not answer: ${cause.message}`, {
    cause: error,
    hint: `Check that the server runs and that DATABASE_URL (or DB_HOST, DB_PORT) names it. ${resume}`,
  });
}

/** Reasons that a sentence of their own helps with; of all others the hint names what there is to set. */
const tlsHints: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "Renew the server's certificate; or correct the clock of this machine.",
  CERT_NOT_YET_VALID: "Correct the clock of this machine, or of the one that made the certificate.",
  CERT_REVOKED: "The server's certificate was revoked: give it a new one.",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "Name the server as its certificate does in DATABASE_URL (or DB_HOST); sslmode=verify-ca does not compare names.",
  ERR_OSSL_PEM_BAD_PASSWORD_READ: "The key of sslkey is encrypted: give its password as sslpassword.",
  ERR_OSSL_BAD_DECRYPT: "The password of sslpassword is not that of the key of sslkey.",
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: "sslkey is not the key of the certificate of sslcert.",
};

const authorityHint =
  "Name the authority that signed the server's certificate: sslrootcert in DATABASE_URL, or PGSSLROOTCERT. sslmode says what is checked.";

/** What is wrong with TLS, or with a server that has none; undefined for other errors. */
function tlsProblem(error: Error, code: string): { message: string; hint: string } | undefined {
  if (/server does not support SSL connections/.test(error.message))
    return {
      message: "PostgreSQL has TLS switched off, and sslmode asks for it.",
      hint: "Switch it on at the server (ssl = on), or set sslmode=disable (PGSSLMODE) where nobody listens in between.",
    };
  if (/error establishing an SSL connection/.test(error.message))
    return { message: "What answers at the address of PostgreSQL does not speak its TLS.", hint: authorityHint };
  if (!isTlsFailure(error)) return undefined;
  const reason = error.message.split(/; if the root CA|\n/)[0]!;
  // OpenSSL wraps it in numbers and names of its source
  const [, short] = /error:[^:]*:[^:]*:[^:]*:([^:]+)/.exec(reason) ?? [];
  return {
    message: `No trusted TLS connection to PostgreSQL: ${short ?? reason} (${code}).`,
    hint: tlsHints[code] ?? (/^ERR_SSL_(TLSV1\d?|SSLV3)_ALERT/.test(code) ? clientHint : authorityHint),
  };
}

const clientHint =
  "The server ended the handshake: it may ask for a client's certificate (sslcert and sslkey) of an authority that it trusts.";
