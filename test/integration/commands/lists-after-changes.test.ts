import { afterAll, beforeAll, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { tenantsOf } from "../restore/restore-archive.ts";

let archive: TestArchive;
let tenantId: string;
let runId: string;

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 120, tenants: 1, months: 2 });
  [tenantId = ""] = await tenantsOf(archive.sql);
  runId = (await migrateOnce(archive)).runId!;
});
afterAll(() => archive?.drop());

const lists = () => [
  ["elasticsearch", "rollout", "list"],
  ["elasticsearch", "errors", "list"],
  ["elasticsearch", "retention", "list"],
  ["elasticsearch", "capture", "status"],
  ["elasticsearch", "status"],
  ["runs", "list"],
  ["runs", "show", runId],
  ["db", "current"],
];

/** Changes of every kind that a list could show. */
const changes: Readonly<Record<string, () => Promise<unknown>>> = {
  "nothing more": async () => {},
  "a forced rollout": () =>
    app("rollout", "set", "--tenant-id", tenantId, "--write", "both", "--read", "shadow", "--force"),
  "a rollback": () => app("rollout", "rollback", "--tenant-id", tenantId),
  "a record error": () =>
    archive.sql.query(
      "INSERT INTO log_archive.record_errors (data_type, record_id, tenant_id, month, type, reason) VALUES ('workflow_runs', 'x', $1, '2025-01', 't', 'r')",
      [tenantId],
    ),
  "capture installed": () => app("capture", "install"),
  "dirty rows": () => archive.sql.query("UPDATE workflow_runs SET error = 'changed'"),
  "rules and holds": async () => {
    await app("retention", "set", "--tenant-id", tenantId, "--days", "90", "--yes");
    await app("retention", "hold", "--tenant-id", tenantId, "--reason", '{a,"b"}');
  },
  "a validation with differences": () => app("validate", "--tenant-id", tenantId, "--full"),
  "a purge": () => cleanupOnce(archive, { tenantId }),
  "a restore": () => app("restore", "--tenant-id", tenantId, "--start-date", "2000-01-01"),
  "a schedule": () => app("retention", "schedule", "--cron", "0 4 * * *", "--yes"),
  "a request to a run": () =>
    archive.sql.query(
      "UPDATE log_archive.runs SET requested_state = 'paused', requested_at = now(), requested_by = 'someone', waiting = 'x' WHERE id = $1",
      [runId],
    ),
};

async function app(...args: string[]): Promise<void> {
  const end = await runAppHere(archive, ["elasticsearch", ...args]);
  expect([0, 3], `${args.join(" ")}: ${end.stderr}`).toContain(end.code);
}

/** Every text in a document. */
function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
}

test.each(Object.keys(changes))("after %s every list command lists, with times as ISO 8601 in JSON", async (kind) => {
  await changes[kind]!();
  for (const command of lists()) {
    const read = await runAppHere(archive, command);
    expect(read, command.join(" ")).toMatchObject({ code: 0 });
    const { code, stdout } = await runAppHere(archive, [...command, "--json"]);
    expect(code, command.join(" ")).toBe(0);
    const notIso = texts(JSON.parse(stdout)).filter((text) => /^\d{4}-\d\d-\d\d \d\d:|^\{\}$/.test(text));
    expect(notIso, command.join(" ")).toEqual([]);
  }
});
