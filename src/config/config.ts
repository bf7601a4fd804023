import { z } from "zod";
import { ConfigError } from "./config-error.ts";
import { databaseUrl, tlsOfExtras, withParameters } from "./database-url.ts";
import type { RepositoriesConfig, RepositoryChoice } from "./repositories.ts";
import { defaultStateFile } from "./state-file.ts";
import { type StorageConfig, storageConfig } from "./storage.ts";
import { type Variables, variables } from "./variables.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ElasticsearchConfig {
  /** False without hosts, or as the operator's kill switch. */
  readonly enabled: boolean;
  /** Addresses with scheme and without credentials. */
  readonly hosts: readonly string[];
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Goes before username and password when both are given. */
  readonly apiKey?: string | undefined;
  /** A host is reached by TLS; only then is `caCerts` read. */
  readonly useSsl: boolean;
  readonly verifyCerts: boolean;
  readonly caCerts?: string | undefined;
  readonly timeoutSeconds: number;
  readonly maxRetries: number;
  readonly indexPrefix: string;
  readonly retentionDays: number;
  readonly numberOfShards: number;
  readonly numberOfReplicas: number;
  readonly refreshInterval: string;
  readonly codec?: "default" | "best_compression" | undefined;
  readonly searchText: "off" | "bounded" | "full";
  readonly slowQueryMs?: number | undefined;
}

export interface Config {
  readonly elasticsearch: ElasticsearchConfig;
  readonly database: {
    readonly url: string;
    /** A variable names it; else it is the default on this host. */
    readonly isNamed: boolean;
  };
  /** Where pipelines without a PostgreSQL keep their runs, as an absolute path. */
  readonly stateFile: string;
  readonly sourceTimeZone: string;
  readonly storage: StorageConfig;
  /** PostgreSQL for all of them while Elasticsearch is switched off. */
  readonly repositories: RepositoriesConfig;
}

const always = { when: () => true };

/** Rules between variables. They run though a variable by itself is wrong, so that all problems are listed at once. */
const consistent = variables
  .refine((given) => given.ELASTICSEARCH_ENABLED !== true || given.ELASTICSEARCH_HOSTS !== undefined, {
    ...always,
    path: ["ELASTICSEARCH_HOSTS"],
    message: "must be given when ELASTICSEARCH_ENABLED is true",
  })
  .refine((given) => given.ELASTICSEARCH_USE_SSL !== true || hosts(given).every(({ scheme }) => scheme !== "http"), {
    ...always,
    path: ["ELASTICSEARCH_USE_SSL"],
    message: "is true, but ELASTICSEARCH_HOSTS has an http:// address",
  })
  .refine((given) => new Set(hosts(given).map(({ username, password }) => `${username}\n${password}`)).size <= 1, {
    ...always,
    path: ["ELASTICSEARCH_HOSTS"],
    message: "must not carry different credentials; use ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD",
  })
  .refine((given) => (userName(given) === undefined) === (secretWord(given) === undefined), {
    ...always,
    path: ["ELASTICSEARCH_USERNAME"],
    message: "and ELASTICSEARCH_PASSWORD must be given together",
  });

const repositoryVariables = [
  "CORE_WORKFLOW_EXECUTION_REPOSITORY",
  "CORE_WORKFLOW_NODE_EXECUTION_REPOSITORY",
  "API_WORKFLOW_NODE_EXECUTION_REPOSITORY",
  "API_WORKFLOW_RUN_REPOSITORY",
] as const;
type RepositoryVariable = (typeof repositoryVariables)[number];

/** Elasticsearch is asked for by name and neither given nor switched off. */
function lacksHosts(given: Variables, variable: RepositoryVariable): boolean {
  const kind = (given[variable] as Partial<RepositoryChoice> | undefined)?.kind; // nothing where it is wrong by itself
  const needsHosts = kind === "elasticsearch" || kind === "dual-write";
  return needsHosts && given.ELASTICSEARCH_HOSTS === undefined && given.ELASTICSEARCH_ENABLED === undefined;
}

const withHosts = repositoryVariables.reduce(
  (schema, variable) =>
    schema.refine((given) => !lacksHosts(given, variable), {
      ...always,
      path: [variable],
      message: "needs ELASTICSEARCH_HOSTS",
    }),
  consistent,
);

/**
 * The configuration that the environment describes; empty variables count as unset.
 * @throws ConfigError listing every wrong variable, without any value
 */
export function parseConfig(env: Environment): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, text]) => text !== undefined && text.trim() !== ""));
  const result = withHosts.safeParse(set);
  if (!result.success) throw new ConfigError(z.prettifyError(result.error));
  const given = result.data;
  return {
    elasticsearch: elasticsearchConfig(given),
    database: {
      url: withTls(given),
      isNamed: Object.keys(set).some((name) => name === "DATABASE_URL" || name.startsWith("DB_")),
    },
    stateFile: given.STATE_FILE ?? defaultStateFile(env),
    sourceTimeZone: given.SOURCE_TIME_ZONE,
    storage: storageConfig(given),
    repositories: repositoriesConfig(given),
  };
}

function repositoriesConfig(given: Variables): RepositoriesConfig {
  const choice = (variable: RepositoryVariable): RepositoryChoice =>
    given.ELASTICSEARCH_ENABLED === false ? { kind: "postgres" } : given[variable];
  return {
    workflowExecutions: choice("CORE_WORKFLOW_EXECUTION_REPOSITORY"),
    workflowNodeExecutions: choice("CORE_WORKFLOW_NODE_EXECUTION_REPOSITORY"),
    apiWorkflowNodeExecutions: choice("API_WORKFLOW_NODE_EXECUTION_REPOSITORY"),
    apiWorkflowRuns: choice("API_WORKFLOW_RUN_REPOSITORY"),
  };
}

function elasticsearchConfig(given: Variables): ElasticsearchConfig {
  const scheme = given.ELASTICSEARCH_USE_SSL === true ? "https" : "http";
  const urls = hosts(given).map((host) => `${host.scheme ?? scheme}://${host.address}`);
  return {
    enabled: given.ELASTICSEARCH_ENABLED ?? urls.length > 0,
    hosts: urls,
    username: userName(given),
    password: secretWord(given),
    apiKey: given.ELASTICSEARCH_API_KEY,
    useSsl: urls.some((url) => url.startsWith("https:")),
    verifyCerts: given.ELASTICSEARCH_VERIFY_CERTS,
    caCerts: given.ELASTICSEARCH_CA_CERTS,
    timeoutSeconds: given.ELASTICSEARCH_TIMEOUT,
    maxRetries: given.ELASTICSEARCH_MAX_RETRIES,
    indexPrefix: given.ELASTICSEARCH_INDEX_PREFIX,
    retentionDays: given.ELASTICSEARCH_RETENTION_DAYS,
    numberOfShards: given.ELASTICSEARCH_NUMBER_OF_SHARDS,
    numberOfReplicas: given.ELASTICSEARCH_NUMBER_OF_REPLICAS,
    refreshInterval: given.ELASTICSEARCH_REFRESH_INTERVAL,
    codec: given.ELASTICSEARCH_CODEC,
    searchText: given.ELASTICSEARCH_SEARCH_TEXT,
    slowQueryMs: given.ELASTICSEARCH_SLOW_QUERY_MS,
  };
}

/** What the URL itself says goes before the platform's DB_EXTRAS, and that before the variables of libpq. */
function withTls(given: Variables): string {
  const url = given.DATABASE_URL ?? withParameters(databaseUrl(databaseParts(given)), tlsOfExtras(given.DB_EXTRAS));
  return withParameters(url, {
    sslmode: given.PGSSLMODE,
    sslrootcert: given.PGSSLROOTCERT,
    sslcert: given.PGSSLCERT,
    sslkey: given.PGSSLKEY,
    sslcrl: given.PGSSLCRL,
  });
}

function databaseParts(given: Variables) {
  return {
    host: given.DB_HOST,
    port: given.DB_PORT,
    username: given.DB_USERNAME,
    password: given.DB_PASSWORD,
    database: given.DB_DATABASE,
  };
}

/** The parsed hosts; none when the variable is unset or wrong by itself. */
function hosts(given: Variables) {
  return Array.isArray(given.ELASTICSEARCH_HOSTS) ? given.ELASTICSEARCH_HOSTS : [];
}

function userName(given: Variables): string | undefined {
  return given.ELASTICSEARCH_USERNAME ?? (hosts(given)[0]?.username || undefined);
}

function secretWord(given: Variables): string | undefined {
  return given.ELASTICSEARCH_PASSWORD ?? (hosts(given)[0]?.password || undefined);
}
