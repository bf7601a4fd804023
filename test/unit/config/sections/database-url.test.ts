import pg from "pg";
import { expect, test } from "vitest";
import { parseConfig } from "../../../../src/config/config.ts";

test("DATABASE_URL goes before Dify's separate variables", () => {
  const env = { DATABASE_URL: "postgres://u:p@h:1/d?sslmode=disable", DB_HOST: "other" };
  expect(parseConfig(env).database.url).toBe(env.DATABASE_URL);
});

test.each([
  [{}, { host: "localhost", port: 5432, user: "postgres", database: "dify" }],
  [
    { DB_HOST: "db", DB_PORT: "6432", DB_USERNAME: "reader", DB_PASSWORD: "plain", DB_DATABASE: "logs" },
    { host: "db", port: 6432, user: "reader", password: "plain", database: "logs" },
  ],
  [
    { DB_USERNAME: "a@b:c/d", DB_PASSWORD: " p@ss:w/o?r#d%20€ ", DB_DATABASE: "my db%1" },
    { user: "a@b:c/d", password: " p@ss:w/o?r#d%20€ ", database: "my db%1" },
  ],
  [{ DB_HOST: "/var/run/postgresql" }, { host: "/var/run/postgresql" }],
])("%j reaches the driver as it was given", (env, expected) => {
  expect(new pg.Client(parseConfig(env).database.url)).toMatchObject(expected);
});

test("an IPv6 address is put into brackets", () => {
  expect(parseConfig({ DB_HOST: "::1" }).database.url).toBe("postgresql://postgres@[::1]:5432/dify");
});

test.each([
  "postgresql://u:first@SecretPart/rest@127.0.0.1:5432/dify",
  "postgresql://u:sec@ret@127.0.0.1/dify",
  "postgresql://u:sec/ret@127.0.0.1/dify",
  "postgresql://u:1/2@127.0.0.1/dify",
  "postgresql://u:12?Secret@127.0.0.1/dify",
  "postgresql://u:sec#ret@127.0.0.1/dify",
  "postgresql://u:sec%ret@127.0.0.1/dify",
  "postgresql://u:p@h1,h2/dify",
  "postgresql://u:p@h1:5432,h2:5432/dify",
])("a password that is not encoded, or more than one host, is refused and not repeated: %s", (url) => {
  expect(() => parseConfig({ DATABASE_URL: url })).toThrow(/DATABASE_URL/);
  try {
    parseConfig({ DATABASE_URL: url });
  } catch (error) {
    expect(String(error)).not.toMatch(/Secret|sec|rest@/);
  }
});

test.each([
  [{ PGSSLMODE: "verify-full", PGSSLROOTCERT: "/ca.crt" }, "sslmode=verify-full&sslrootcert=%2Fca.crt"],
  [{ DB_EXTRAS: "sslmode=require&options=-c x" }, "sslmode=require"],
  [{ DB_EXTRAS: "sslmode=require", PGSSLMODE: "disable" }, "sslmode=require"],
  [{ PGSSLCERT: "/c", PGSSLKEY: "/k", PGSSLCRL: "/l" }, "sslcert=%2Fc&sslkey=%2Fk&sslcrl=%2Fl"],
])("DB_* with %j", (env, parameters) => {
  expect(parseConfig(env).database.url).toBe(`postgresql://postgres@localhost:5432/dify?${parameters}`);
});

test("what DATABASE_URL says of TLS goes before the variables", () => {
  const DATABASE_URL = "postgresql://u:p@h/d?sslmode=require";
  const env = { DATABASE_URL, PGSSLMODE: "disable", PGSSLROOTCERT: "/ca", DB_EXTRAS: "sslcert=/x" };
  expect(parseConfig(env).database.url).toBe(`${DATABASE_URL}&sslrootcert=%2Fca`);
});
