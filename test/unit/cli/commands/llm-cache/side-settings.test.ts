import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { sideSettings } from "../../../../../src/cli/commands/llm-cache/side-settings.ts";
import type { CommandContext } from "../../../../../src/cli/context.ts";
import type { StoreType } from "../../../../../src/llm-cache/store-settings.ts";

/** What these variables say of the source. */
function settingsOf(type: StoreType, env: Record<string, string>) {
  return sideSettings({ workingDirectory: tmpdir(), env } as CommandContext, "source", type, undefined);
}

const named = { POSTGRES_USER: "u", POSTGRES_PASSWORD: "p/ä@:", POSTGRES_DATABASE: "d b" };

test("JSON files lie in WORKING_DIR, else in ./rag_storage (K7)", () => {
  expect(settingsOf("JsonKVStorage", {}).settings()).toMatchObject({ folder: `${tmpdir()}/rag_storage` });
  expect(settingsOf("JsonKVStorage", { WORKING_DIR: "/data/rag" }).settings()).toMatchObject({ folder: "/data/rag" });
});

test("Redis is where REDIS_URI says, which has to be a URL of Redis (K8)", () => {
  for (const uri of ["redis://localhost:6379", "rediss://user:secret@cache.example:6380/3"]) {
    expect(settingsOf("RedisKVStorage", { REDIS_URI: uri }).settings()).toMatchObject({ uri });
  }
  for (const uri of ["localhost:6379", "http://localhost", "redis//x"]) {
    expect(() => settingsOf("RedisKVStorage", { REDIS_URI: uri }).settings()).toThrow("REDIS_URI must be a URL");
  }
});

test("PostgreSQL is on localhost:5432 where nothing else is said, and values may hold any character (K9)", () => {
  const urlOf = (env: Record<string, string>): URL =>
    new URL((settingsOf("PGKVStorage", { ...named, ...env }).settings() as { url: string }).url);
  const usual = urlOf({});
  expect([usual.hostname, usual.port || "5432"]).toEqual(["localhost", "5432"]);
  expect([usual.username, usual.password, usual.pathname].map(decodeURIComponent)).toEqual(["u", "p/ä@:", "/d b"]);
  const other = urlOf({ POSTGRES_HOST: "db.example", POSTGRES_PORT: "6432", POSTGRES_SSL_MODE: "require" });
  expect([other.host, other.searchParams.get("sslmode")]).toEqual(["db.example:6432", "require"]);
  expect(() => settingsOf("PGKVStorage", { ...named, POSTGRES_PORT: "x" }).settings()).toThrow("POSTGRES_PORT");
});

test("MongoDB is where MONGO_URI and MONGO_DATABASE say (K10)", () => {
  for (const uri of [
    "mongodb://root:root@localhost:27017/",
    "mongodb://a,b:27018/?replicaSet=r",
    "mongodb+srv://x.y",
  ]) {
    const env = { MONGO_URI: uri, MONGO_DATABASE: "LightRAG" };
    expect(settingsOf("MongoKVStorage", env).settings()).toMatchObject({ uri, database: "LightRAG" });
  }
  const wrong = { MONGO_URI: "localhost:27017", MONGO_DATABASE: "LightRAG" };
  expect(() => settingsOf("MongoKVStorage", wrong).settings()).toThrow("MONGO_URI must be a URI");
});

test("no message quotes a value, which may be a secret", () => {
  const wrong = settingsOf("RedisKVStorage", { REDIS_URI: "http://:secret@host" });
  expect(() => wrong.settings()).toThrow(expect.not.stringContaining("secret") as string);
});

test("a store's own workspace goes before WORKSPACE, and the side's before both (K6)", () => {
  const both = { WORKSPACE: "all", POSTGRES_WORKSPACE: "pg", REDIS_WORKSPACE: "rd", MONGODB_WORKSPACE: "mg" };
  const of = (env: Record<string, string>) =>
    (["JsonKVStorage", "RedisKVStorage", "PGKVStorage", "MongoKVStorage"] as const).map(
      (type) => settingsOf(type, env).workspace,
    );
  expect(of(both)).toEqual(["all", "rd", "pg", "mg"]);
  expect(of({ WORKSPACE: "all" })).toEqual(["all", "all", "all", "all"]);
  expect(of({})).toEqual(["", "", "", ""]);
  expect(of({ ...both, SOURCE_WORKSPACE: "mine" })).toEqual(["mine", "mine", "mine", "mine"]);
});
