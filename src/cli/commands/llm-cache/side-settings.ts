import path from "node:path";
import type { Environment } from "../../../config/read-sections.ts";
import { databaseUrl, withParameters } from "../../../config/sections/database-url.ts";
import {
  iniEnvironment,
  type LightragKind,
  type LightragVariables,
  lightragVariables,
  type Side,
  sideEnvironment,
} from "../../../config/sections/lightrag.ts";
import { UsageError } from "../../../engine/errors.ts";
import type { StoreSettings, StoreType } from "../../../llm-cache/store-settings.ts";
import type { CommandContext } from "../../context.ts";
import { readEnvironmentFile } from "../../environment/environment.ts";
import type { Addresses } from "../../unverified.ts";

export interface SideSettings {
  /** Names of variables that are required and not set. */
  readonly missing: readonly string[];
  readonly workspace: string;
  /** @throws UsageError for a value that cannot be used. Call when nothing is missing. */
  readonly settings: () => StoreSettings;
  /** As the side sees it. */
  readonly env: Environment;
}

const kinds: Readonly<Record<StoreType, LightragKind>> = {
  JsonKVStorage: "json",
  RedisKVStorage: "redis",
  PGKVStorage: "postgres",
  MongoKVStorage: "mongodb",
};

/**
 * Where the store of one side is: as `file` alone says when it is given, else the environment with SOURCE_ or TARGET_
 * in front, without, and config.ini.
 */
export function sideSettings(
  context: CommandContext,
  side: Side,
  type: StoreType,
  file: string | undefined,
): SideSettings {
  const { workingDirectory } = context;
  const env =
    file === undefined
      ? { ...iniEnvironment(workingDirectory), ...sideEnvironment(context.env, side) }
      : readEnvironmentFile(workingDirectory, file);
  const variables = lightragVariables(kinds[type], env);
  const { missing, workspace } = variables;
  return { env, missing, workspace, settings: () => settingsOf(type, variables, workingDirectory) };
}

function settingsOf(type: StoreType, { get, workspace }: LightragVariables, workingDirectory: string): StoreSettings {
  switch (type) {
    case "JsonKVStorage":
      return { type, workspace, folder: path.resolve(workingDirectory, get("WORKING_DIR") ?? "./rag_storage") };
    case "RedisKVStorage":
      return { type, workspace, uri: urlOf("REDIS_URI", get("REDIS_URI")!, /^rediss?:$/) };
    case "MongoKVStorage":
      return { type, workspace, uri: mongoUri(get("MONGO_URI")!), database: get("MONGO_DATABASE")! };
    case "PGKVStorage":
      return { type, workspace, url: postgresUrl(get) };
    default:
      throw new TypeError(type satisfies never);
  }
}

/** Where the store is reached. */
export function addressesOf(settings: StoreSettings): Addresses {
  if (settings.type === "PGKVStorage") return { postgres: { url: settings.url, place: "POSTGRES_HOST" } };
  if (settings.type === "MongoKVStorage") return { mongodb: { uri: settings.uri, place: "MONGO_URI" } };
  return {};
}

function postgresUrl(get: LightragVariables["get"]): string {
  const port = get("POSTGRES_PORT") ?? "5432";
  if (!/^\d{1,5}$/.test(port)) throw wrong("POSTGRES_PORT", "must be the number of a port");
  const url = databaseUrl({
    host: get("POSTGRES_HOST") ?? "localhost",
    port: Number(port),
    username: get("POSTGRES_USER")!,
    password: get("POSTGRES_PASSWORD")!,
    database: get("POSTGRES_DATABASE")!,
  });
  return withParameters(url, {
    sslmode: get("POSTGRES_SSL_MODE"),
    sslcert: get("POSTGRES_SSL_CERT"),
    sslkey: get("POSTGRES_SSL_KEY"),
    sslrootcert: get("POSTGRES_SSL_ROOT_CERT"),
    sslcrl: get("POSTGRES_SSL_CRL"),
  });
}

function urlOf(name: string, text: string, protocol: RegExp): string {
  if (URL.canParse(text) && protocol.test(new URL(text).protocol)) return text;
  throw wrong(name, "must be a URL such as redis://localhost:6379");
}

function mongoUri(text: string): string {
  if (/^mongodb(\+srv)?:\/\/./.test(text)) return text;
  throw wrong("MONGO_URI", "must be a URI such as mongodb://root:root@localhost:27017/");
}

/** Never with the value, which may be a secret. */
function wrong(name: string, expectation: string): UsageError {
  return new UsageError("invalid_configuration", `${name} ${expectation}. Nothing was touched.`);
}
