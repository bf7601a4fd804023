/** The names that LightRAG gives its stores, in the order of the menu. */
export const storeTypes = ["JsonKVStorage", "RedisKVStorage", "PGKVStorage", "MongoKVStorage"] as const;
export type StoreType = (typeof storeTypes)[number];

export interface JsonSettings {
  readonly type: "JsonKVStorage";
  readonly workspace: string;
  /** LightRAG's working folder. */
  readonly folder: string;
}

export interface RedisSettings {
  readonly type: "RedisKVStorage";
  readonly workspace: string;
  readonly uri: string;
}

export interface PostgresSettings {
  readonly type: "PGKVStorage";
  readonly workspace: string;
  readonly url: string;
}

export interface MongoSettings {
  readonly type: "MongoKVStorage";
  readonly workspace: string;
  readonly uri: string;
  readonly database: string;
}

/** Where a workspace of LightRAG keeps its caches. An empty workspace is the store's own default. */
export type StoreSettings = JsonSettings | RedisSettings | PostgresSettings | MongoSettings;

/** The namespace of LLM caches: https://github.com/HKUDS/LightRAG, lightrag/namespace.py. */
export const cacheNamespace = "llm_response_cache";

/** How Redis and MongoDB tell workspaces apart. */
export function namespaceOf(workspace: string): string {
  return workspace === "" ? cacheNamespace : `${workspace}_${cacheNamespace}`;
}

/** The workspace of a namespace; undefined when it is none of LLM caches. */
export function workspaceOf(namespace: string): string | undefined {
  if (namespace === cacheNamespace) return "";
  return namespace.endsWith(`_${cacheNamespace}`) ? namespace.slice(0, -cacheNamespace.length - 1) : undefined;
}
