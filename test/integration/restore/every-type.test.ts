import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { deleteLogs, dumpLogs, restoreOnce, tenantsOf } from "./restore-archive.ts";

let archive: TestArchive;
afterEach(() => archive.drop());

/** Columns of types that Dify has not and others may have, each with values that are hard on a round trip. */
const columns: [name: string, type: string, values: fc.Arbitrary<string | null>][] = [
  ["c_text", "text", fc.string({ unit: "binary" }).map((text) => text.toWellFormed().replaceAll("\0", ""))],
  ["c_char", "char(7)", fc.constantFrom("", " ", "a b", "a  ", "\t")],
  ["c_int2", "int2", fc.integer({ min: -32768, max: 32767 }).map(String)],
  ["c_int8", "int8", fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }).map(String)],
  ["c_float4", "float4", fc.float().map(String)],
  ["c_float8", "float8", fc.double().map((value) => (Object.is(value, -0) ? "-0" : String(value)))],
  [
    "c_numeric",
    "numeric",
    fc.constantFrom("NaN", "0.10", "1e-40", "123456789012345678901234567890.123456789", "-0.00"),
  ],
  ["c_bool", "bool", fc.constantFrom("t", "f")],
  [
    "c_time",
    "timestamp",
    fc.constantFrom(
      "infinity",
      "-infinity",
      "0044-03-15 12:00:00.000001 BC",
      "9999-12-31 23:59:59.999999",
      "10000-01-01",
      "294276-12-31 23:59:59.999999",
    ),
  ],
  [
    "c_timetz",
    "timestamptz",
    fc.constantFrom(
      "infinity",
      "2025-03-09 02:30:00.123456-05",
      "0001-01-01 00:00:00+00",
      "0044-03-15 12:00:00+00 BC",
      "12025-01-01 00:00:00.000001+00",
    ),
  ],
  ["c_date", "date", fc.constantFrom("infinity", "0044-03-15 BC", "2024-02-29", "5874897-12-31")],
  ["c_clock", "time", fc.constantFrom("00:00:00.000001", "24:00:00")],
  ["c_interval", "interval", fc.constantFrom("1 year -2 mons +3 days -04:05:06.789", "0")],
  ["c_bytes", "bytea", fc.uint8Array({ maxLength: 40 }).map((bytes) => `\\x${Buffer.from(bytes).toString("hex")}`)],
  ["c_json", "json", fc.constantFrom('{"a" : 1, "a": 1.0, "\\u0000": 1e400}', "null", " [ ] ", '"\\ud83d"')],
  ["c_jsonb", "jsonb", fc.json().filter((json) => !json.includes("\\u0000") && !/\\ud[89a-f]/i.test(json))],
  ["c_array", "text[]", fc.constantFrom("{}", '{NULL,"NULL","a,b","\\"","\\\\"}', "{{a,b},{c,d}}", "[0:1]={a,b}")],
  ["c_uuid", "uuid", fc.uuid()],
  ["c_address", "inet", fc.constantFrom("::1/128", "10.0.0.1/8", "10.1.0.0/16")],
  ["c_mood", "mood", fc.constantFrom("sad", 'it\'s "ok"')],
  ["c_short", "short_text", fc.constantFrom("", "abc")],
  ['odd "name", \\ %', "text", fc.constantFrom("x", "")],
];

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

describe.each(["UTC", "Asia/Shanghai"])("with SOURCE_TIME_ZONE %s", (sourceTimeZone) => {
  test("columns of every type come back as they were", async () => {
    archive = await createTestArchive({ nodeExecutions: 150, tenants: 1, months: 1 });
    const { sql } = archive;
    await sql.query(
      "CREATE TYPE mood AS ENUM ('sad', 'it''s \"ok\"'); CREATE DOMAIN short_text AS text CHECK (length(value) < 5)",
    );
    const added = columns.map(([name, type]) => `ADD ${quoted(name)} ${type}`).join(", ");
    await sql.query(`ALTER TABLE workflow_runs ${added},
      ADD c_made text GENERATED ALWAYS AS (status || type) STORED, ADD c_number bigint GENERATED ALWAYS AS IDENTITY`);
    const { rows } = await sql.query<{ id: string }>("SELECT id::text AS id FROM workflow_runs ORDER BY id");
    const values = fc.sample(fc.tuple(...columns.map(([, , value]) => fc.option(value, { freq: 6 }))), {
      numRuns: rows.length,
      seed: 7,
    });
    const set = columns.map(([name, type], at) => `${quoted(name)} = $${at + 1}::text::${type}`).join(", ");
    for (const [at, { id }] of rows.entries())
      await sql.query(`UPDATE workflow_runs SET ${set} WHERE id = '${id}'`, [...values[at]!]);
    const before = await dumpLogs(sql);
    const [tenant = ""] = await tenantsOf(sql);
    await migrateOnce(archive, { settings: { sourceTimeZone } });
    await deleteLogs(sql, "true");

    const report = await restoreOnce(archive, tenant, { settings: { sourceTimeZone } });

    expect(report).toMatchObject({ status: "completed", findings: [] });
    expect(await dumpLogs(sql)).toEqual(before);
    // the zone is part of the archive
    const other = restoreOnce(archive, tenant, { settings: { sourceTimeZone: "America/New_York" } });
    await expect(other).rejects.toMatchObject({ code: "archive_settings_changed" });
  });
});
