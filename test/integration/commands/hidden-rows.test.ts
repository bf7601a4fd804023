import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { countRows, createTestArchive, type TestArchive } from "../../support/test-archive.ts";
import { tenantsOf } from "../restore/restore-archive.ts";

const role = `archive_${randomBytes(4).toString("hex")}`;
let archive: TestArchive;
let stores: TestArchive;
let tenantId: string;

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 100, tenants: 1, months: 2 });
  [tenantId = ""] = await tenantsOf(archive.sql);
  const database = new URL(archive.databaseUrl).pathname.slice(1);
  await archive.sql.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
  await archive.sql.query(`GRANT CREATE ON DATABASE ${database} TO ${role}`);
  await archive.sql.query(`GRANT SELECT, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`);
  const url = new URL(archive.databaseUrl);
  [url.username, url.password] = [role, "x"];
  stores = { ...archive, databaseUrl: url.href };
  expect(await app("migrate")).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await archive?.sql.query(`DROP OWNED BY ${role} CASCADE`);
  await archive?.sql.query(`DROP ROLE ${role}`);
  await archive?.drop();
});

const tables = [
  "workflow_runs",
  "workflow_node_executions",
  "workflow_app_logs",
  "messages",
  "workflow_pauses",
  "upload_files",
];
beforeEach(async () => {
  await archive.sql.query(`ALTER ROLE ${role} NOBYPASSRLS`);
  for (const table of tables) {
    await archive.sql.query(`DROP POLICY IF EXISTS p ON ${table}`);
    await archive.sql.query(`ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`);
  }
});

function app(...args: string[]) {
  return runAppHere(stores, ["elasticsearch", ...args]);
}

const cleanup = () => [
  "cleanup-pg",
  "--tenant-id",
  tenantId,
  "--before-date",
  "2100-01-01",
  "--yes",
  "--allow-unreplicated",
];

describe.each([
  ["no policy", undefined],
  ["a policy that shows a part", "USING (false)"],
  ["a policy that shows everything", "USING (true)"],
])("row level security with %s", (_, using) => {
  test.each(tables)("on %s: cleanup-pg deletes nothing, and BYPASSRLS mends it", async (table) => {
    await archive.sql.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
    if (using !== undefined) await archive.sql.query(`CREATE POLICY p ON ${table} TO ${role} ${using}`);
    const before = await countRows(archive.sql);
    const refused = await app(...cleanup());
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(/BYPASSRLS|Row level security/);
    expect(await countRows(archive.sql)).toBe(before);
    const preflight = await app("preflight");
    expect(preflight.stdout).toMatch(new RegExp(`hides rows of public.${table} from ${role}`));
    await archive.sql.query(`ALTER ROLE ${role} BYPASSRLS`);
    const { stdout } = await app("preflight");
    expect(stdout).not.toMatch(/hides rows/);
  });
});

test.each(["migrate", "validate --full"])(
  "%s says that a table hides rows instead of taking a part for the whole",
  async (command) => {
    await archive.sql.query("ALTER TABLE workflow_runs ENABLE ROW LEVEL SECURITY");
    await archive.sql.query(`CREATE POLICY p ON workflow_runs TO ${role} USING (tenant_id <> '${tenantId}')`);
    const refused = await app(...command.split(" "));
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(/Row level security hides rows of public.workflow_runs/);
    const searched = await app("capture", "status");
    expect(searched).toMatchObject({ code: 0 });
  },
);

test("a view in a table's place is named", async () => {
  await archive.sql.query("ALTER TABLE messages RENAME TO all_messages");
  await archive.sql.query("CREATE VIEW messages AS SELECT * FROM all_messages WHERE false");
  await archive.sql.query(`GRANT SELECT ON messages TO ${role}`);
  try {
    expect((await app("preflight")).stdout).toMatch(/public.messages is a view/);
  } finally {
    await archive.sql.query("DROP VIEW messages");
    await archive.sql.query("ALTER TABLE all_messages RENAME TO messages");
  }
});
