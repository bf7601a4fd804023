import { parseEnv } from "node:util";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Config, parseConfig } from "../../../src/config/config.ts";
import { ConfigError } from "../../../src/config/config-error.ts";
import { UsageError } from "../../../src/engine/errors.ts";

type Section = Partial<Config["elasticsearch"]>;

const guide = `
# Enable Elasticsearch
ELASTICSEARCH_ENABLED=true

# Elasticsearch connection
ELASTICSEARCH_HOSTS=["http://localhost:9200"]
ELASTICSEARCH_USERNAME=elastic
ELASTICSEARCH_PASSWORD=your_password

# SSL configuration (optional)
ELASTICSEARCH_USE_SSL=false
ELASTICSEARCH_VERIFY_CERTS=true
ELASTICSEARCH_CA_CERTS=/path/to/ca.crt

# Performance settings
ELASTICSEARCH_TIMEOUT=30
ELASTICSEARCH_MAX_RETRIES=3
ELASTICSEARCH_INDEX_PREFIX=dify
ELASTICSEARCH_RETENTION_DAYS=30

CORE_WORKFLOW_EXECUTION_REPOSITORY=core.repositories.elasticsearch_workflow_execution_repository.ElasticsearchWorkflowExecutionRepository
`;

function problems(env: Record<string, string>): string {
  try {
    parseConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toBeInstanceOf(UsageError);
    return (error as ConfigError).message;
  }
  throw new Error("the configuration was accepted");
}

const wrongVariables = (env: Record<string, string>): string[] =>
  [...problems(env).matchAll(/✖ (\w+)/g)].map((match) => match[1] ?? "");

test("the environment of the guide is accepted as printed", () => {
  expect(parseConfig({ ...parseEnv(guide), HOME: "/home/dify" })).toEqual({
    elasticsearch: {
      enabled: true,
      hosts: ["http://localhost:9200"],
      username: "elastic",
      password: "your_password",
      useSsl: false,
      verifyCerts: true,
      caCerts: "/path/to/ca.crt",
      timeoutSeconds: 30,
      maxRetries: 3,
      saveTimeoutSeconds: 10,
      indexPrefix: "dify",
      indexLayout: "dedicated",
      retentionDays: 30,
      numberOfShards: 1,
      numberOfReplicas: 0,
      refreshInterval: "30s",
      searchText: "bounded",
    },
    database: { url: "postgresql://postgres@localhost:5432/dify", isNamed: false },
    stateFile: "/home/dify/.local/state/log-archive/state.db",
    sourceTimeZone: "UTC",
    storage: { kind: "folder", root: "storage" },
    repositories: {
      workflowExecutions: { kind: "elasticsearch" },
      workflowNodeExecutions: { kind: "postgres" },
      apiWorkflowNodeExecutions: { kind: "postgres" },
      apiWorkflowRuns: { kind: "postgres" },
    },
  });
});

test("nothing given leaves Elasticsearch off and Dify's own defaults for PostgreSQL", () => {
  const config = parseConfig({});
  expect(config.elasticsearch).toMatchObject({ enabled: false, hosts: [], useSsl: false, verifyCerts: true });
  expect(config.database.url).toBe("postgresql://postgres@localhost:5432/dify");
});

test("empty and blank variables count as unset", () => {
  const files = readdirSync("src/config/sections").map((name) => readFileSync(`src/config/sections/${name}`, "utf8"));
  const names = files.flatMap((file) => [...file.matchAll(/^ {2}([A-Z_0-9]+):/gm)]);
  expect(names.length).toBeGreaterThan(20);
  for (const blank of ["", "  "]) {
    expect(parseConfig(Object.fromEntries(names.map((name) => [name[1], blank])))).toEqual(parseConfig({}));
  }
});

const hosts = { ELASTICSEARCH_HOSTS: "http://es:9200" };
const accepted: [env: Record<string, string>, section: Section][] = [
  [hosts, { enabled: true, hosts: ["http://es:9200"] }],
  [
    { ...hosts, ELASTICSEARCH_ENABLED: "false" },
    { enabled: false, hosts: ["http://es:9200"] },
  ],
  [{ ...hosts, ELASTICSEARCH_ENABLED: "False" }, { enabled: false }],
  [{ ...hosts, ELASTICSEARCH_ENABLED: "0" }, { enabled: false }],
  [{ ...hosts, ELASTICSEARCH_ENABLED: " off " }, { enabled: false }],
  [{ ...hosts, ELASTICSEARCH_ENABLED: "YES" }, { enabled: true }],
  [{ ELASTICSEARCH_HOSTS: "http://a:9200, http://b:9201/" }, { hosts: ["http://a:9200", "http://b:9201"] }],
  [{ ELASTICSEARCH_HOSTS: '["https://a:9243/es", "https://b"]' }, { hosts: ["https://a:9243/es", "https://b"] }],
  [{ ELASTICSEARCH_HOSTS: "https://a:9243", ELASTICSEARCH_USE_SSL: "false" }, { useSsl: true }],
  [{ ELASTICSEARCH_HOSTS: "[http://a:9200]" }, { hosts: ["http://a:9200"] }],
  [{ ELASTICSEARCH_HOSTS: "[http://a:9200, https://b]" }, { hosts: ["http://a:9200", "https://b"] }],
  [{ ELASTICSEARCH_HOSTS: "a,b:9201" }, { hosts: ["http://a:9200", "http://b:9201"], useSsl: false }],
  [
    { ELASTICSEARCH_HOSTS: "a", ELASTICSEARCH_USE_SSL: "true" },
    { hosts: ["https://a:9200"], useSsl: true },
  ],
  [{ ELASTICSEARCH_HOSTS: "http://[::1]:9200" }, { hosts: ["http://[::1]:9200"] }],
  [{ ELASTICSEARCH_HOSTS: "http://me:p%40ss@a:9200" }, { hosts: ["http://a:9200"], username: "me", password: "p@ss" }],
  [{ ELASTICSEARCH_API_KEY: "abc==" }, { apiKey: "abc==", enabled: false }],
  [{ ELASTICSEARCH_PASSWORD: " spaced ", ELASTICSEARCH_USERNAME: "me" }, { password: " spaced " }],
  [{ ELASTICSEARCH_TIMEOUT: "0.5" }, { timeoutSeconds: 0.5 }],
  [{ ELASTICSEARCH_MAX_RETRIES: "0" }, { maxRetries: 0 }],
  [{ ELASTICSEARCH_REFRESH_INTERVAL: "-1" }, { refreshInterval: "-1" }],
  [{ ELASTICSEARCH_CODEC: "best_compression" }, { codec: "best_compression" }],
  [{ ELASTICSEARCH_SEARCH_TEXT: "off" }, { searchText: "off" }],
  [{ ELASTICSEARCH_SLOW_QUERY_MS: "500" }, { slowQueryMs: 500 }],
];

test.each(accepted)("%j is read as %j", (env, section) => {
  expect(parseConfig(env).elasticsearch).toMatchObject(section);
});

const refused: [variable: string, ...texts: string[]][] = [
  ["ELASTICSEARCH_ENABLED", "maybe", "2", "truefalse", "null"],
  ["ELASTICSEARCH_API_KEY", "two lines\nof it", "a key", "schlüssel"],
  [
    "ELASTICSEARCH_HOSTS",
    "[]",
    "['http://a:9200']",
    '["http://a:9200"',
    '[""]',
    "[1]",
    "http://a,,http://b",
    "ftp://a",
    "localhost:99999",
    "http://a b",
    "http://a/?pretty",
    "http://a/*",
    "https://",
    "http://me:%zz@a",
  ],
  ["ELASTICSEARCH_TIMEOUT", "0", "-1", "abc", "1e3", "Infinity", "NaN", "86401", "30s", "0x10"],
  ["ELASTICSEARCH_MAX_RETRIES", "-1", "1.5", "many", "101"],
  ["ELASTICSEARCH_INDEX_LAYOUT", "both", "share", "per-tenant"],
  ["ELASTICSEARCH_INDEX_PREFIX", "Dify", "-dify", "a*b", "a,b", "../x", "a b", "ä", "x".repeat(101)],
  ["ELASTICSEARCH_RETENTION_DAYS", "0", "-30", "1.5", "30d", "36501"],
  ["ELASTICSEARCH_NUMBER_OF_SHARDS", "0", "1025", "one"],
  ["ELASTICSEARCH_NUMBER_OF_REPLICAS", "-1", "all"],
  ["ELASTICSEARCH_REFRESH_INTERVAL", "30", "-2", "30 s", "s"],
  ["ELASTICSEARCH_CODEC", "gzip"],
  ["ELASTICSEARCH_SEARCH_TEXT", "some", "true"],
  ["ELASTICSEARCH_SLOW_QUERY_MS", "-1", "fast"],
  [
    "DATABASE_URL",
    "localhost:5432/dify",
    "mysql://u:p@h/db",
    "postgresql://u:p@h",
    "postgresql://u:p@h/",
    "postgresql://u:pa#ss@h/db",
    "postgresql://u:%zz@h/db",
    "postgresql+psycopg2://u:p@h/db",
  ],
  ["DB_HOST", "a b", "user@host", "h?x"],
  ["DB_DATABASE", "a/b", "a?b", "a#b"],
  ["DB_PORT", "0", "65536", "5432x", "-1"],
  ["S3_ENDPOINT", "minio:9000", "minio", "ftp://minio", "http://me:secret@minio", "http://minio/?a=b"],
  ["S3_REGION", "us east", "../x"],
  ["S3_BUCKET_NAME", "a/b", "../a", "a?b"],
  ["S3_ADDRESS_STYLE", "dns"],
  ["S3_USE_AWS_MANAGED_IAM", "maybe"],
  ["SOURCE_TIME_ZONE", "Mars/Olympus", "+08:00", "UTC+8", "../etc/passwd"],
];

const keys = { S3_BUCKET_NAME: "difyai", S3_ACCESS_KEY: "key", S3_SECRET_KEY: "secret" };
const s3 = {
  kind: "s3",
  region: "us-east-1",
  bucket: "difyai",
  accessKey: "key",
  secretKey: "secret",
  addressStyle: "auto",
};
const unsupported = { kind: "unsupported", reason: expect.any(String) as string };

test.each<[Record<string, string>, object]>([
  [{}, { kind: "folder", root: "storage" }],
  [
    { STORAGE_TYPE: "opendal", OPENDAL_FS_ROOT: "/srv/dify" },
    { kind: "folder", root: "/srv/dify" },
  ],
  [
    { STORAGE_TYPE: "local", STORAGE_LOCAL_PATH: "files", OPENDAL_FS_ROOT: "no" },
    { kind: "folder", root: "files" },
  ],
  [{ STORAGE_TYPE: "s3", ...keys, S3_ENDPOINT: "" }, s3],
  [
    { STORAGE_TYPE: "S3", ...keys, S3_ENDPOINT: "https://minio:9000", S3_REGION: "auto", S3_ADDRESS_STYLE: "path" },
    { ...s3, endpoint: "https://minio:9000", region: "auto", addressStyle: "path" },
  ],
  [{ STORAGE_TYPE: "s3", ...keys, S3_SECRET_KEY: "" }, unsupported],
  [{ STORAGE_TYPE: "s3", ...keys, S3_USE_AWS_MANAGED_IAM: "true" }, unsupported],
  [{ STORAGE_TYPE: "opendal", OPENDAL_SCHEME: "s3" }, unsupported],
  [{ STORAGE_TYPE: "azure-blob" }, unsupported],
])("the storage of %j is %j", (env, storage) => {
  expect(parseConfig(env).storage).toEqual(storage);
});

describe.each(refused)("%s", (variable, ...texts) => {
  test.each(texts)("refuses %j", (text) => {
    expect(wrongVariables({ [variable]: text })).toEqual([variable]);
  });
});

test.each([
  [{ ELASTICSEARCH_ENABLED: "true" }, ["ELASTICSEARCH_HOSTS"]],
  [{ ELASTICSEARCH_ENABLED: "true", ELASTICSEARCH_HOSTS: "[" }, ["ELASTICSEARCH_HOSTS"]],
  [{ ELASTICSEARCH_HOSTS: "http://a", ELASTICSEARCH_USE_SSL: "true" }, ["ELASTICSEARCH_USE_SSL"]],
  [{ ELASTICSEARCH_USERNAME: "me" }, ["ELASTICSEARCH_USERNAME"]],
  [{ ELASTICSEARCH_PASSWORD: "x" }, ["ELASTICSEARCH_USERNAME"]],
  [{ ELASTICSEARCH_HOSTS: "http://a:b@x,http://c:d@y" }, ["ELASTICSEARCH_HOSTS"]],
])("%j contradicts itself in %j", (env, variables) => {
  expect(wrongVariables(env)).toEqual(variables);
});

test("all wrong variables are listed at once, those that contradict each other among them", () => {
  const env = { ELASTICSEARCH_TIMEOUT: "x", DB_PORT: "0", SOURCE_TIME_ZONE: "Nowhere", ELASTICSEARCH_USERNAME: "me" };
  expect(wrongVariables(env).toSorted()).toEqual(Object.keys(env).toSorted());
});

test("problems never repeat what the variables hold", () => {
  const secret = "S3cr3t-Value";
  const env = Object.fromEntries(refused.map(([variable]) => [variable, `${secret} *`]));
  const message = problems({ ...env, ELASTICSEARCH_PASSWORD: secret, ELASTICSEARCH_API_KEY: secret });
  expect(message).not.toContain(secret);
});

test("the state file is where the user keeps the state of programs, unless it is named", () => {
  const stateFile = (env: Record<string, string>) => parseConfig({ HOME: "/home/a", ...env }).stateFile;
  expect(stateFile({ XDG_STATE_HOME: "/var/state" })).toBe("/var/state/log-archive/state.db");
  expect(stateFile({ XDG_STATE_HOME: "relative" })).toBe("/home/a/.local/state/log-archive/state.db");
  expect(stateFile({ XDG_STATE_HOME: "/var/state", STATE_FILE: "/srv/runs.db" })).toBe("/srv/runs.db");
});
