import { expect, test } from "vitest";
import { trustsAnybody } from "../../../src/stores/postgres/connection/tls.ts";
import { runCli } from "../../../src/cli/run-cli.ts";
import { trustsAnybody as trustsAnyMongodb } from "../../../src/stores/mongodb/trust.ts";
import { Mysql } from "../../../src/stores/mysql/client.ts";
import { fakeHost } from "../../support/fake-host.ts";
import { runAppHere } from "../../support/app-here.ts";

const nobody = {
  databaseUrl: "postgresql://u:p@127.0.0.1:1/x",
  elasticsearchUrl: "https://127.0.0.1:1",
  prefix: "dify",
};
const quick = { ELASTICSEARCH_MAX_RETRIES: "0", ELASTICSEARCH_TIMEOUT: "1" };

const times = (text: string, what: string): number => text.split(what).length - 1;

test.each([["status"], ["migrate"], ["search", "x", "--tenant-id", "a", "--json"]])(
  "certificates that are not verified are warned of, once: %s",
  async (...args) => {
    const off = { ...quick, ELASTICSEARCH_VERIFY_CERTS: "false" };
    const { stderr } = await runAppHere(nobody, ["elasticsearch", ...args], off);
    expect(times(stderr, "ELASTICSEARCH_VERIFY_CERTS=false")).toBe(1);
    expect(times((await runAppHere(nobody, ["elasticsearch", ...args], quick)).stderr, "VERIFY_CERTS=false")).toBe(0);
  },
);

test("nothing is warned of where there is no TLS that could be verified", async () => {
  const plain = { ...nobody, elasticsearchUrl: "http://127.0.0.1:1" };
  const { stderr } = await runAppHere(plain, ["elasticsearch", "status"], {
    ...quick,
    ELASTICSEARCH_VERIFY_CERTS: "false",
  });
  expect(stderr).not.toContain("ELASTICSEARCH_VERIFY_CERTS=false:");
});

test.each([["status"], ["errors", "list"]])("so is an sslmode that verifies nothing: %s", async (...args) => {
  const trusting = { ...nobody, databaseUrl: `${nobody.databaseUrl}?sslmode=require` };
  const { stderr } = await runAppHere(trusting, ["elasticsearch", ...args], quick);
  expect(times(stderr, "sslmode without verification")).toBe(1);
});

const away = "127.0.0.1:1"; // and an option that MongoDB does not have, so that it is not looked for

test.each([
  ["runs", ["runs", "list"], { DATABASE_URL: `postgresql://u:p@${away}/x?sslmode=require` }, "DATABASE_URL"],
  [
    "a schedule of backups",
    ["stores", "schedule"],
    { DATABASE_URL: `postgresql://u:p@${away}/x?sslmode=require` },
    "DATABASE_URL",
  ],
  [
    "LLM cache in PostgreSQL",
    ["llm-cache", "workspaces", "--source", "postgres"],
    {
      POSTGRES_USER: "u",
      POSTGRES_PASSWORD: "p",
      POSTGRES_DATABASE: "d",
      POSTGRES_HOST: "127.0.0.1",
      POSTGRES_PORT: "1",
      POSTGRES_SSL_MODE: "require",
    },
    "POSTGRES_HOST",
  ],
  [
    "LLM cache in MongoDB",
    ["llm-cache", "workspaces", "--source", "mongodb"],
    { MONGO_URI: `mongodb://${away}/?tls=true&tlsInsecure=true&none=1`, MONGO_DATABASE: "d" },
    "MONGO_URI",
  ],
  [
    "an application's stores",
    ["stores", "health", "--only", "mongodb", "--timeout", "1"],
    { MONGODB_URL: `mongodb://${away}/?tls=true&tlsAllowInvalidCertificates=true&none=1` },
    "MONGODB_URL",
  ],
] as const)("so is every other connection that takes anybody: %s", async (_what, args, env, place) => {
  const run = async (variables: NodeJS.ProcessEnv): Promise<string> => {
    const host = fakeHost(args, { env: { STATE_FILE: "/nonexistent/state.db", ...variables } });
    await runCli(host);
    return host.err();
  };
  const told = await run(env);
  expect(times(told, "whoever answers")).toBe(1);
  expect(told).toContain(place);
  const strict = Object.entries<string>(env).map(([name, text]) => [
    name,
    text.replace("require", "verify-full").replaceAll(/tls(Insecure|Allow\w+)=true/g, "tls=true"),
  ]);
  expect(times(await run(Object.fromEntries(strict)), "whoever answers")).toBe(0);
});

test.each(["ssl=true", "ssl_ca=/ca.pem", "charset=utf8mb4&ssl_verify_cert=false", "tls=1"])(
  "an address of MySQL that asks for TLS (%s) is refused rather than spoken to in the clear",
  (query) => {
    const uri = `mysql+aiomysql://u:p@db:3306/layra?${query}`;
    expect(() => new Mysql({ uri })).toThrow(/asks for TLS/);
    expect(new Mysql({ uri: "mysql+aiomysql://u:p@db:3306/layra?charset=utf8mb4" }).address.host).toBe("db");
  },
);

test.each([
  ["mongodb://h/?tls=true", false],
  ["mongodb://h/?tlsInsecure=true", false], // no TLS
  ["mongodb://h/?ssl=true&tlsAllowInvalidHostnames=true", true],
  ["mongodb+srv://h/?TLSInsecure=true", true],
  ["mongodb+srv://h/?tls=false&tlsInsecure=true", false],
])("%s trusts anybody: %s", (uri, expected) => {
  expect(trustsAnyMongodb(uri)).toBe(expected);
});

test.each([
  ["", false],
  ["?sslmode=disable", false],
  ["?sslmode=prefer", true],
  ["?sslmode=allow", true],
  ["?sslmode=require", true],
  ["?ssl=no-verify", true],
  ["?sslmode=verify-ca", false],
  ["?sslmode=verify-full", false],
])("postgresql://host/db%s trusts anybody: %s", (query, expected) => {
  expect(trustsAnybody(`postgresql://u:p@host/db${query}`)).toBe(expected);
});
