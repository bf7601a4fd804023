import { z } from "zod";
import { anyText, matching, oneOf, value, wholeNumber } from "../values.ts";
import { type DatabaseParts, databaseUrl, parseDatabaseUrl, tlsOfExtras, withParameters } from "./database-url.ts";

export interface DatabaseConfig {
  readonly url: string;
  /** A variable names it; else it is the default on this host. */
  readonly isNamed: boolean;
}

const variables = z.object({
  DATABASE_URL: value(
    "a URL such as postgresql://user:password@host:5432/database with one host, and @ / # ? % of the password percent-encoded (%40 %2F %23 %3F %25)",
    parseDatabaseUrl,
  )
    .optional()
    .describe("the platform's database"),
  DB_HOST: matching(/^[^\s@?#]+$/, "the name or address of a server")
    .optional()
    .describe("Dify's own variable, used without DATABASE_URL; localhost when not given"),
  DB_PORT: wholeNumber(1, 65_535).optional().describe("as DB_HOST; 5432 when not given"),
  DB_USERNAME: anyText.optional().describe("as DB_HOST; postgres when not given"),
  DB_PASSWORD: z.string().optional().describe("as DB_HOST; empty when not given"),
  // The driver leaves these characters of a database name encoded and would look for another database.
  DB_DATABASE: matching(/^[^;/?:@&=+$,#]+$/, "a name without ; / ? : @ & = + $ , #")
    .optional()
    .describe("as DB_HOST; dify when not given"),
  DB_EXTRAS: anyText.optional().describe("as DB_HOST; its `ssl...` parameters are used"),
  PGSSLMODE: oneOf("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
    .optional()
    .describe("TLS with libpq's meanings, where neither the URL nor DB_EXTRAS says it"),
  PGSSLROOTCERT: anyText.optional().describe("PEM file of the authorities; those that Node trusts when not given"),
  PGSSLCERT: anyText.optional().describe("PEM file of the client's certificate"),
  PGSSLKEY: anyText.optional().describe("PEM file of the client's key"),
  PGSSLCRL: anyText.optional().describe("PEM file of revoked certificates"),
});

/** DATABASE_URL, or the platform's separate DB_* variables. */
export const postgres = variables.transform((given): DatabaseConfig => ({
  url: withTls(given),
  isNamed: [given.DATABASE_URL, ...Object.values(partsGiven(given))].some((part) => part !== undefined),
}));

/** What the URL itself says goes before the platform's DB_EXTRAS, and that before the variables of libpq. */
function withTls(given: z.output<typeof variables>): string {
  const url = given.DATABASE_URL ?? withParameters(databaseUrl(partsOf(given)), tlsOfExtras(given.DB_EXTRAS));
  return withParameters(url, {
    sslmode: given.PGSSLMODE,
    sslrootcert: given.PGSSLROOTCERT,
    sslcert: given.PGSSLCERT,
    sslkey: given.PGSSLKEY,
    sslcrl: given.PGSSLCRL,
  });
}

function partsGiven(given: z.output<typeof variables>) {
  return {
    host: given.DB_HOST,
    port: given.DB_PORT,
    username: given.DB_USERNAME,
    password: given.DB_PASSWORD,
    database: given.DB_DATABASE,
  };
}

/** With the platform's own defaults. */
function partsOf(given: z.output<typeof variables>): DatabaseParts {
  const {
    host = "localhost",
    port = 5432,
    username = "postgres",
    password = "",
    database = "dify",
  } = partsGiven(given);
  return { host, port, username, password, database };
}
