import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { UsageError } from "../../../engine/errors.ts";

/** How one attempt to connect is secured; false is without TLS. */
export type Security = ConnectionOptions | false;

export interface ConnectionTarget {
  /** The URL without its parameters of TLS. */
  readonly url: string;
  /** What is tried one after the other; the last is taken as it comes. */
  readonly attempts: readonly [Security, ...Security[]];
  /** `direct`: TLS from the first byte on, as servers from version 17 take it. */
  readonly negotiation: "postgres" | "direct";
}

const modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
type Mode = (typeof modes)[number];

/** Words of the driver, and of `ssl`, for the modes of libpq. */
const otherWords: Readonly<Record<string, Mode>> = {
  "no-verify": "require",
  true: "verify-full",
  "1": "verify-full",
  false: "disable",
  "0": "disable",
};

const tlsParameters = [
  "sslnegotiation",
  "uselibpqcompat",
  "sslmode",
  "ssl",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "sslpassword",
  "sslcrl",
];

/**
 * Reads sslmode, sslrootcert, sslcert, sslkey, sslpassword and sslcrl out of the URL, with the meanings of libpq
 * (default: prefer): https://www.postgresql.org/docs/current/libpq-ssl.html. Without sslrootcert, verify-ca and
 * verify-full trust the authorities that Node trusts; files in ~/.postgresql are not looked for. Throws UsageError for
 * a mode that there is not and for files that cannot be read.
 */
export function connectionTarget(databaseUrl: string): ConnectionTarget {
  const { url, parameters } = withoutTls(databaseUrl);
  const isSocket = /^[a-z]+:\/\/([^@/]*@)?(%2f|\/)/i.test(url) || /[?&]host=(%2f|\/)/i.test(url);
  const direct = parameters["sslnegotiation"] === "direct";
  const target = { url, negotiation: direct ? "direct" : "postgres" } as const;
  if (isSocket) return { ...target, attempts: [false] };
  const system = parameters["sslrootcert"] === "system";
  const mode = modeOf(
    parameters["sslmode"] ?? parameters["ssl"] ?? (system ? "verify-full" : direct ? "require" : "prefer"),
  );
  if (mode === "disable") return { ...target, attempts: [false] };
  if (system && mode !== "verify-full")
    throw refusal(`sslmode=${mode} is too weak for sslrootcert=system, which anybody can get a certificate of.`);
  if (direct && (mode === "allow" || mode === "prefer"))
    throw refusal(`sslmode=${mode} does not go with sslnegotiation=direct, which leaves no choice.`);
  const tls = optionsOf(mode, parameters, system);
  if (mode === "allow") return { ...target, attempts: [false, tls] };
  if (mode === "prefer") return { ...target, attempts: [tls, false] };
  return { ...target, attempts: [tls] };
}

/**
 * Whether the URL asks for TLS in words, and still takes whoever answers for the server: encrypted, but not verified.
 */
export function trustsAnybody(databaseUrl: string): boolean {
  const { sslmode, ssl } = withoutTls(databaseUrl).parameters;
  if ((sslmode ?? ssl) === undefined) return false;
  return connectionTarget(databaseUrl).attempts.some(
    (tls) => typeof tls === "object" && tls.rejectUnauthorized === false,
  );
}

function withoutTls(databaseUrl: string): { url: string; parameters: Readonly<Record<string, string>> } {
  const [base = "", query = ""] = databaseUrl.split(/\?(.*)/s);
  const all = new URLSearchParams(query);
  const parameters = Object.fromEntries([...all].filter(([name]) => tlsParameters.includes(name)));
  for (const name of tlsParameters) all.delete(name);
  const rest = all.toString();
  return { url: rest === "" ? base : `${base}?${rest}`, parameters };
}

function modeOf(word: string): Mode {
  const mode = modes.find((known) => known === word) ?? otherWords[word];
  if (mode !== undefined) return mode;
  throw refusal(`sslmode is none of ${modes.join(", ")}.`);
}

function optionsOf(mode: Mode, parameters: Readonly<Record<string, string>>, system: boolean): ConnectionOptions {
  const { sslrootcert, sslcert, sslkey, sslpassword, sslcrl } = parameters;
  if ((sslcert === undefined) !== (sslkey === undefined))
    throw refusal("sslcert and sslkey, the client's certificate and its key, go together: one of them is missing.");
  const authority = sslrootcert === undefined || system ? undefined : read("sslrootcert", sslrootcert);
  // as in libpq, an authority that is given is asked
  const verifies = mode.startsWith("verify") || authority !== undefined;
  return {
    rejectUnauthorized: verifies,
    ...(authority !== undefined && { ca: authority }),
    ...(mode !== "verify-full" && { checkServerIdentity: () => undefined }),
    ...(sslcert !== undefined && { cert: read("sslcert", sslcert) }),
    ...(sslkey !== undefined && { key: read("sslkey", sslkey) }),
    ...(sslpassword !== undefined && { passphrase: sslpassword }),
    ...(sslcrl !== undefined && { crl: read("sslcrl", sslcrl) }),
  };
}

const pem = /-----BEGIN [A-Z0-9 ]+-----/;

function read(parameter: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw refusal(`The file ${path} of ${parameter} cannot be read: ${(cause as NodeJS.ErrnoException).code}.`, cause);
  }
  // TLS takes a file without a certificate and fails later, as if the server were not trusted
  if (!pem.test(text)) throw refusal(`The file ${path} of ${parameter} holds nothing in PEM form.`);
  return text;
}

function refusal(message: string, cause?: unknown): UsageError {
  return new UsageError("invalid_database_tls", message, {
    cause,
    hint: "Correct the parameters of TLS in DATABASE_URL, or PGSSLMODE, PGSSLROOTCERT, PGSSLCERT and PGSSLKEY.",
  });
}
