import { readFileSync } from "node:fs";
import path from "node:path";
import { mongodbVariables } from "./mongodb.ts";
import { redisVariables } from "./redis.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of LightRAG that say where a store of each kind is: https://github.com/HKUDS/LightRAG, env.example. */
const postgresVariables = {
  required: ["POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DATABASE"],
  workspace: "POSTGRES_WORKSPACE",
} as const;
const jsonVariables = { required: [], workspace: undefined } as const;

const byKind = { json: jsonVariables, redis: redisVariables, postgres: postgresVariables, mongodb: mongodbVariables };

export type LightragKind = keyof typeof byKind;
export type Side = "source" | "target";

export interface LightragVariables {
  readonly missing: readonly string[];
  readonly workspace: string;
  /** The value of a variable; undefined where it is unset or empty. */
  readonly get: (name: string) => string | undefined;
}

/**
 * What LightRAG's variables say of a store of this kind. `env` is that of one side already (`sideEnvironment`). The
 * workspace is the one of the store, else the general one, else none.
 */
export function lightragVariables(kind: LightragKind, env: Environment): LightragVariables {
  const get = (name: string): string | undefined => env[name]?.trim() || undefined;
  const { required, workspace } = byKind[kind];
  return {
    get,
    missing: required.filter((name) => get(name) === undefined),
    workspace: (workspace === undefined ? undefined : get(workspace)) ?? get("WORKSPACE") ?? "",
  };
}

/**
 * The environment as one side of a migration sees it. A variable with SOURCE_ (or TARGET_) in front replaces the one
 * without; SOURCE_WORKSPACE replaces every store's own workspace too.
 */
export function sideEnvironment(env: Environment, side: Side): Environment {
  const prefix = `${side.toUpperCase()}_`;
  const own = Object.entries(env).flatMap(([name, text]) =>
    name.startsWith(prefix) && text !== undefined && text.trim() !== ""
      ? [[name.slice(prefix.length), text] as const]
      : [],
  );
  const replaced = Object.fromEntries(own);
  const workspaces =
    replaced["WORKSPACE"] === undefined ? [] : Object.values(byKind).flatMap(({ workspace }) => workspace ?? []);
  return { ...env, ...Object.fromEntries(workspaces.map((name) => [name, undefined])), ...replaced };
}

const iniVariables: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  redis: { uri: "REDIS_URI" },
  postgres: {
    host: "POSTGRES_HOST",
    port: "POSTGRES_PORT",
    user: "POSTGRES_USER",
    password: "POSTGRES_PASSWORD",
    database: "POSTGRES_DATABASE",
    workspace: "POSTGRES_WORKSPACE",
  },
  mongodb: { uri: "MONGO_URI", database: "MONGO_DATABASE" },
};

/**
 * What LightRAG's config.ini in this folder says, as variables; nothing where there is none. Variables go before it.
 */
export function iniEnvironment(folder: string): Environment {
  const found: Record<string, string> = {};
  let section = "";
  for (const line of iniText(path.join(folder, "config.ini")).split(/\r?\n/)) {
    const head = /^\s*\[(.+)\]\s*$/.exec(line);
    if (head !== null) section = head[1]!.trim();
    const [, name, value] = /^\s*([^#;\s][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    const variable = name === undefined ? undefined : iniVariables[section]?.[name.toLowerCase()];
    if (variable !== undefined && value) found[variable] = value;
  }
  return found;
}

function iniText(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch {
    return ""; // as LightRAG does
  }
}
