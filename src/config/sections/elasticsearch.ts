import { z } from "zod";
import { anyText, boolean, matching, oneOf, value, wholeNumber } from "../values.ts";
import { type Host, parseHosts } from "./hosts.ts";

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
  readonly saveTimeoutSeconds: number;
  readonly indexPrefix: string;
  readonly indexLayout: "dedicated" | "shared";
  readonly retentionDays: number;
  readonly numberOfShards: number;
  readonly numberOfReplicas: number;
  readonly refreshInterval: string;
  readonly codec?: "default" | "best_compression" | undefined;
  readonly searchText: "off" | "bounded" | "full";
  readonly slowQueryMs?: number | undefined;
}

/** Timers above 2^31 ms fire at once, so a generous time-out would become none. */
const longestSeconds = 24 * 3600;

const positiveSeconds = value(`a number of seconds above 0, up to ${longestSeconds}`, (given) => {
  const seconds = /^\d{1,9}(\.\d{1,3})?$/.test(given) ? Number(given) : 0;
  return seconds > 0 && seconds <= longestSeconds ? seconds : undefined;
});

const variables = z.object({
  ELASTICSEARCH_ENABLED: boolean
    .optional()
    .describe(
      "`false` is the kill switch: commands that need Elasticsearch exit with 2, repositories are PostgreSQL's; true when hosts are given",
    ),
  ELASTICSEARCH_HOSTS: value(
    'a JSON array or a comma separated list of addresses, such as ["http://localhost:9200"]',
    parseHosts,
  )
    .optional()
    .describe("addresses of one cluster"),
  ELASTICSEARCH_USERNAME: anyText.optional().describe("goes with the password"),
  ELASTICSEARCH_PASSWORD: z.string().optional().describe("goes with the user name"),
  // it travels in a header
  ELASTICSEARCH_API_KEY: matching(/^[\x21-\x7e]+$/, "one line of ASCII characters without blanks")
    .optional()
    .describe("goes before user name and password"),
  ELASTICSEARCH_USE_SSL: boolean.optional().describe("for hosts without a scheme; false when not given"),
  ELASTICSEARCH_VERIFY_CERTS: boolean.default(true).describe("whether the server's certificate is verified"),
  ELASTICSEARCH_CA_CERTS: anyText.optional().describe("PEM file of the authorities, read only when TLS is used"),
  ELASTICSEARCH_TIMEOUT: positiveSeconds.default(30).describe("seconds for one request"),
  ELASTICSEARCH_MAX_RETRIES: wholeNumber(0, 100)
    .default(3)
    .describe("attempts after the first when Elasticsearch does not answer"),
  ELASTICSEARCH_SAVE_TIMEOUT: positiveSeconds
    .default(10)
    .describe("seconds after which a save of a tenant that writes to Elasticsearch alone fails"),
  ELASTICSEARCH_INDEX_PREFIX: matching(
    /^[a-z0-9][a-z0-9._-]{0,99}$/,
    "1 to 100 of a-z, 0-9, ., - and _, the first a letter or digit",
  )
    .default("dify")
    .describe("what the names of all indices begin with; part of the archive"),
  ELASTICSEARCH_INDEX_LAYOUT: oneOf("dedicated", "shared")
    .default("dedicated")
    .describe(
      "an index for each tenant, data type and month, or one that all tenants share (docs/layout.md); part of the archive",
    ),
  ELASTICSEARCH_RETENTION_DAYS: wholeNumber(1, 36_500)
    .default(30)
    .describe("days that a month stays in Elasticsearch behind its end"),
  ELASTICSEARCH_NUMBER_OF_SHARDS: wholeNumber(1, 1024).default(1).describe("of indices made from now on"),
  ELASTICSEARCH_NUMBER_OF_REPLICAS: wholeNumber(0, 100)
    .default(0)
    .describe("of indices made from now on; with 0 the loss of a node loses its documents"),
  ELASTICSEARCH_REFRESH_INTERVAL: matching(
    /^(-1|\d{1,9}(ms|s|m|h|d))$/,
    "a time such as 30s, 500ms or 1m, or -1 for no refresh",
  )
    .default("30s")
    .describe("of indices made from now on"),
  ELASTICSEARCH_CODEC: oneOf("default", "best_compression")
    .optional()
    .describe("of indices made from now on; Elasticsearch's default when not given"),
  ELASTICSEARCH_SEARCH_TEXT: oneOf("off", "bounded", "full")
    .default("bounded")
    .describe(
      "what full-text search finds: nothing, the first 1,000 characters of a column, or up to a million of them, which costs several times the time",
    ),
  ELASTICSEARCH_SLOW_QUERY_MS: wholeNumber(0, 3_600_000)
    .optional()
    .describe(
      "from so many milliseconds on, statements and requests are logged with their shape and without any value",
    ),
});

type Given = z.output<typeof variables>;

const always = { when: () => true };

/** Rules between variables run though one of them is wrong by itself, so that all problems are listed at once. */
export const elasticsearch = variables
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
  })
  .transform((given): ElasticsearchConfig => {
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
      saveTimeoutSeconds: given.ELASTICSEARCH_SAVE_TIMEOUT,
      indexPrefix: given.ELASTICSEARCH_INDEX_PREFIX,
      indexLayout: given.ELASTICSEARCH_INDEX_LAYOUT,
      retentionDays: given.ELASTICSEARCH_RETENTION_DAYS,
      numberOfShards: given.ELASTICSEARCH_NUMBER_OF_SHARDS,
      numberOfReplicas: given.ELASTICSEARCH_NUMBER_OF_REPLICAS,
      refreshInterval: given.ELASTICSEARCH_REFRESH_INTERVAL,
      codec: given.ELASTICSEARCH_CODEC,
      searchText: given.ELASTICSEARCH_SEARCH_TEXT,
      slowQueryMs: given.ELASTICSEARCH_SLOW_QUERY_MS,
    };
  });

/** The parsed hosts; none when the variable is unset or wrong by itself. */
function hosts(given: Given): readonly Host[] {
  return Array.isArray(given.ELASTICSEARCH_HOSTS) ? given.ELASTICSEARCH_HOSTS : [];
}

function userName(given: Given): string | undefined {
  return given.ELASTICSEARCH_USERNAME ?? (hosts(given)[0]?.username || undefined);
}

function secretWord(given: Given): string | undefined {
  return given.ELASTICSEARCH_PASSWORD ?? (hosts(given)[0]?.password || undefined);
}
