import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connectionTarget } from "../../../../../src/stores/postgres/connection/tls.ts";

const folder = mkdtempSync(join(tmpdir(), "tls-test-"));
const ca = join(folder, "ca.crt");
writeFileSync(ca, "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n");
const base = "postgresql://u:p%40@h:1/d";

/** false: without TLS; none, ca, full: what is verified. */
function tried(parameters: string): unknown[] {
  return connectionTarget(`${base}?${parameters}`).attempts.map((attempt) => {
    if (attempt === false) return false;
    if (attempt.rejectUnauthorized === false) return "none";
    return attempt.checkServerIdentity === undefined ? "full" : "ca";
  });
}

test.each([
  ["", ["none", false]],
  ["sslmode=disable", [false]],
  ["sslmode=allow", [false, "none"]],
  ["sslmode=prefer", ["none", false]],
  ["sslmode=require", ["none"]],
  [`sslmode=require&sslrootcert=${ca}`, ["ca"]],
  [`sslmode=prefer&sslrootcert=${ca}`, ["ca", false]],
  [`sslmode=verify-ca&sslrootcert=${ca}`, ["ca"]],
  ["sslmode=verify-ca", ["ca"]],
  [`sslmode=verify-full&sslrootcert=${ca}`, ["full"]],
  ["sslrootcert=system", ["full"]],
  ["sslmode=no-verify", ["none"]],
  ["ssl=true", ["full"]],
  ["ssl=false", [false]],
  ["sslmode=require&uselibpqcompat=true", ["none"]],
  ["sslnegotiation=direct", ["none"]],
])("%j tries %j", (parameters, expected) => expect(tried(parameters)).toEqual(expected));

test("a socket is never encrypted", () => {
  expect(connectionTarget("postgresql://u@%2Fvar%2Frun/d?sslmode=require").attempts).toEqual([false]);
});

test("only what TLS is about is taken out of the URL", () => {
  expect(connectionTarget(`${base}?options=-c%20x%3D1&sslmode=require&application_name=a`).url).toBe(
    `${base}?options=-c+x%3D1&application_name=a`,
  );
  expect(connectionTarget(`${base}?sslmode=disable`).url).toBe(base);
});

test.each([
  ["sslmode=verify", "verify-ca, verify-full"],
  ["sslrootcert=/nowhere/ca.crt", "ENOENT"],
  [`sslrootcert=${join(folder, "empty")}`, "PEM"],
  [`sslrootcert=${folder}`, "EISDIR"],
  [`sslcert=${ca}`, "go together"],
  ["sslmode=require&sslrootcert=system", "too weak"],
  ["sslmode=prefer&sslnegotiation=direct", "no choice"],
])("%j is a usage error that says %j", (parameters, text) => {
  writeFileSync(join(folder, "empty"), "");
  expect(() => connectionTarget(`${base}?${parameters}`)).toThrow(text);
});
