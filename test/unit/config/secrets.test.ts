import { expect, test } from "vitest";
import { secretsIn } from "../../../src/config/secrets.ts";

test("secrets are found by their variable and inside URLs, plain and encoded, longest first", () => {
  const found = secretsIn({
    ELASTICSEARCH_USERNAME: "elastic",
    ELASTICSEARCH_PASSWORD: "p@ss",
    ELASTICSEARCH_API_KEY: "key-1",
    DATABASE_URL: "postgresql://u:in%2Furl@h/db",
    ELASTICSEARCH_HOSTS: '["http://a:first@x","http://b:sec@ond@y"]',
    S3_SECRET_KEY: "storage",
    ELASTICSEARCH_INDEX_PREFIX: "dify",
  });
  const basic = Buffer.from("elastic:p@ss").toString("base64");
  for (const secret of ["p@ss", "p%40ss", "key-1", "in/url", "in%2Furl", "first", "sec@ond", "storage", basic]) {
    expect(found).toContain(secret);
  }
  expect(found).not.toContain("dify");
  expect(found).not.toContain("elastic");
  expect(found.map((secret) => secret.length)).toEqual(found.map((secret) => secret.length).toSorted((a, b) => b - a));
});

test("no secret is an empty text, which would match everywhere", () => {
  expect(secretsIn({ DB_PASSWORD: "", ELASTICSEARCH_PASSWORD: " ", DATABASE_URL: "postgresql://u:@h/d" })).toEqual([]);
});

test("parts of a password that was not encoded, and the password of a client's key, are secrets", () => {
  const found = secretsIn({ DATABASE_URL: "postgresql://u:first@SecretPart/rest@h/d?sslpassword=of%2Fkey" });
  for (const secret of ["first", "SecretPart", "rest", "first@SecretPart/rest", "of/key"])
    expect(found).toContain(secret);
});
