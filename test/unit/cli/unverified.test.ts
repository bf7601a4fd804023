import { expect, test } from "vitest";
import { trustsAnybody } from "../../../src/stores/postgres/connection/tls.ts";
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
