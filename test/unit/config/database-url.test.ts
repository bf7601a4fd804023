import pg from "pg";
import { expect, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";

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
