import type { ElasticsearchConfig } from "../config/sections/elasticsearch.ts";
import type { Log } from "../engine/log.ts";
import { trustsAnybody as trustsAnyMongodb } from "../stores/mongodb/trust.ts";
import { trustsAnybody as trustsAnyPostgres } from "../stores/postgres/connection/tls.ts";

// Connections through TLS that take whoever answers for the server: told once by each command that opens one.

/** Of a connection through TLS that trusts whoever answers. */
export function isUnverified({ useSsl, verifyCerts }: Pick<ElasticsearchConfig, "useSsl" | "verifyCerts">): boolean {
  return useSsl && !verifyCerts;
}

export const unverified =
  "ELASTICSEARCH_VERIFY_CERTS=false: whoever answers at ELASTICSEARCH_HOSTS is taken for Elasticsearch, and gets the credentials and all logs";

/** `place` names the variable with the address. */
function unverifiedPostgres(place: string): string {
  return `sslmode without verification: whoever answers at the address in ${place} is taken for PostgreSQL, and gets the password and all that is written`;
}

export const unverifiedDatabase = unverifiedPostgres("DATABASE_URL (or DB_HOST)");

function unverifiedMongodb(place: string): string {
  return `${place} switches off the verification of certificates: whoever answers there is taken for MongoDB, and gets the password and all that is written`;
}

export interface Addresses {
  readonly elasticsearch?: Pick<ElasticsearchConfig, "useSsl" | "verifyCerts">;
  /** PostgreSQL with the logs. */
  readonly database?: { readonly url: string };
  /** Another PostgreSQL, and MongoDB, with the variable that names each. */
  readonly postgres?: { readonly url: string; readonly place: string };
  readonly mongodb?: { readonly uri: string; readonly place: string };
}

export function warnOfUnverified({ elasticsearch, database, postgres, mongodb }: Addresses, log: Log): void {
  if (elasticsearch !== undefined && isUnverified(elasticsearch)) log.warn({}, unverified);
  if (database !== undefined && trustsAnyPostgres(database.url)) log.warn({}, unverifiedDatabase);
  if (postgres !== undefined && trustsAnyPostgres(postgres.url)) log.warn({}, unverifiedPostgres(postgres.place));
  if (mongodb !== undefined && trustsAnyMongodb(mongodb.uri)) log.warn({}, unverifiedMongodb(mongodb.place));
}
