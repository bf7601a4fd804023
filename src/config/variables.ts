import path from "node:path";
import { z } from "zod";
import { parseDatabaseUrl } from "./database-url.ts";
import { parseHosts } from "./hosts.ts";
import { repository, type RepositoryChoice } from "./repositories.ts";
import { boolean, matching, oneOf, timeZone, value, wholeNumber } from "./values.ts";

/** Timers above 2^31 ms fire at once, so a generous time-out would become none. */
const longestSeconds = 24 * 3600;

const text = value("text", (given) => given);
const positiveSeconds = value(`a number of seconds above 0, up to ${longestSeconds}`, (given) => {
  const seconds = /^\d{1,9}(\.\d{1,3})?$/.test(given) ? Number(given) : 0;
  return seconds > 0 && seconds <= longestSeconds ? seconds : undefined;
});

const inPostgres: RepositoryChoice = { kind: "postgres" };

/** Credentials in it would be sent to nobody, and a query would end up in no signature. */
function parseEndpoint(given: string): string | undefined {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
  return isPlain && url.username === "" && url.password === "" ? given : undefined;
}

/** Every variable of the contract with its meaning and default. Unset variables are absent, never empty. */
export const variables = z.object({
  ELASTICSEARCH_ENABLED: boolean.optional(),
  ELASTICSEARCH_HOSTS: value(
    'a JSON array or a comma separated list of addresses, such as ["http://localhost:9200"]',
    parseHosts,
  ).optional(),
  ELASTICSEARCH_USERNAME: text.optional(),
  ELASTICSEARCH_PASSWORD: z.string().optional(),
  ELASTICSEARCH_API_KEY: text.optional(),
  ELASTICSEARCH_USE_SSL: boolean.optional(),
  ELASTICSEARCH_VERIFY_CERTS: boolean.default(true),
  ELASTICSEARCH_CA_CERTS: text.optional(),
  ELASTICSEARCH_TIMEOUT: positiveSeconds.default(30),
  ELASTICSEARCH_MAX_RETRIES: wholeNumber(0, 100).default(3),
  ELASTICSEARCH_INDEX_PREFIX: matching(
    /^[a-z0-9][a-z0-9._-]{0,99}$/,
    "1 to 100 of a-z, 0-9, ., - and _, the first a letter or digit",
  ).default("dify"),
  ELASTICSEARCH_RETENTION_DAYS: wholeNumber(1, 36_500).default(30),
  ELASTICSEARCH_NUMBER_OF_SHARDS: wholeNumber(1, 1024).default(1),
  ELASTICSEARCH_NUMBER_OF_REPLICAS: wholeNumber(0, 100).default(0),
  ELASTICSEARCH_REFRESH_INTERVAL: matching(
    /^(-1|\d{1,9}(ms|s|m|h|d))$/,
    "a time such as 30s, 500ms or 1m, or -1 for no refresh",
  ).default("30s"),
  ELASTICSEARCH_CODEC: oneOf("default", "best_compression").optional(),
  ELASTICSEARCH_SEARCH_TEXT: oneOf("off", "bounded", "full").default("bounded"),
  ELASTICSEARCH_SLOW_QUERY_MS: wholeNumber(0, 3_600_000).optional(),
  DATABASE_URL: value(
    "a URL such as postgresql://user:password@host:5432/database with one host, and @ / # ? % of the password percent-encoded (%40 %2F %23 %3F %25)",
    parseDatabaseUrl,
  ).optional(),
  DB_HOST: matching(/^[^\s@?#]+$/, "the name or address of a server").default("localhost"),
  DB_PORT: wholeNumber(1, 65_535).default(5432),
  DB_USERNAME: text.default("postgres"),
  DB_PASSWORD: z.string().default(""),
  // The driver leaves these characters of a database name encoded and would look for another database.
  DB_DATABASE: matching(/^[^;/?:@&=+$,#]+$/, "a name without ; / ? : @ & = + $ , #").default("dify"),
  DB_EXTRAS: text.optional(),
  PGSSLMODE: oneOf("disable", "allow", "prefer", "require", "verify-ca", "verify-full").optional(),
  PGSSLROOTCERT: text.optional(),
  PGSSLCERT: text.optional(),
  PGSSLKEY: text.optional(),
  PGSSLCRL: text.optional(),
  STATE_FILE: value("the path of a file", (given) => path.resolve(given)).optional(),
  SOURCE_TIME_ZONE: timeZone.default("UTC"),
  CORE_WORKFLOW_EXECUTION_REPOSITORY: repository(
    "core.repositories.elasticsearch_workflow_execution_repository.ElasticsearchWorkflowExecutionRepository",
    "core.repositories.sqlalchemy_workflow_execution_repository.SQLAlchemyWorkflowExecutionRepository",
    "core.repositories.celery_workflow_execution_repository.CeleryWorkflowExecutionRepository",
  ).default(inPostgres),
  CORE_WORKFLOW_NODE_EXECUTION_REPOSITORY: repository(
    "core.repositories.elasticsearch_workflow_node_execution_repository.ElasticsearchWorkflowNodeExecutionRepository",
    "core.repositories.sqlalchemy_workflow_node_execution_repository.SQLAlchemyWorkflowNodeExecutionRepository",
    "core.repositories.celery_workflow_node_execution_repository.CeleryWorkflowNodeExecutionRepository",
  ).default(inPostgres),
  API_WORKFLOW_NODE_EXECUTION_REPOSITORY: repository(
    undefined, // the guide names none
    "repositories.sqlalchemy_api_workflow_node_execution_repository.DifyAPISQLAlchemyWorkflowNodeExecutionRepository",
  ).default(inPostgres),
  API_WORKFLOW_RUN_REPOSITORY: repository(
    "repositories.elasticsearch_api_workflow_run_repository.ElasticsearchAPIWorkflowRunRepository",
    "repositories.sqlalchemy_api_workflow_run_repository.DifyAPISQLAlchemyWorkflowRunRepository",
  ).default(inPostgres),
  STORAGE_TYPE: text.default("opendal"),
  OPENDAL_SCHEME: text.default("fs"),
  OPENDAL_FS_ROOT: text.default("storage"),
  STORAGE_LOCAL_PATH: text.default("storage"),
  S3_ENDPOINT: value("an http or https address, such as https://minio.internal:9000", parseEndpoint).optional(),
  S3_REGION: matching(/^[a-zA-Z0-9-]{1,64}$/, "the name of a region, such as us-east-1").default("us-east-1"),
  S3_BUCKET_NAME: matching(/^[a-zA-Z0-9][a-zA-Z0-9._-]{1,254}$/, "the name of a bucket").optional(),
  S3_ACCESS_KEY: text.optional(),
  S3_SECRET_KEY: text.optional(),
  S3_ADDRESS_STYLE: oneOf("auto", "virtual", "path").default("auto"),
  S3_USE_AWS_MANAGED_IAM: boolean.default(false),
});

export type Variables = z.output<typeof variables>;
