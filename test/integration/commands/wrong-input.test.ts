import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import type { AppEnd } from "../../support/app-process.ts";
import { countRows, createTestArchive, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 40, tenants: 1, months: 1 });
});
afterAll(() => archive.drop());

const migrate = ["elasticsearch", "migrate"];

interface Wrong {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: () => NodeJS.ProcessEnv;
  readonly code: 1 | 2;
  readonly message: RegExp;
}

function databaseUrl(change: (url: URL) => void): string {
  const url = new URL(archive.databaseUrl);
  change(url);
  return url.href;
}

const secret = `secret-${randomBytes(4).toString("hex")}`;

const wrong: readonly Wrong[] = [
  { name: "a malformed uuid", args: ["--tenant-id", "1234-5678"], code: 2, message: /uuids: 1234-5678/ },
  {
    name: "a tenant of another form than the platform's",
    args: ["--tenant-id", "tenant-123"],
    code: 2,
    message: /tenant-123/,
  },
  { name: "a wildcard", args: ["--tenant-id", "*"], code: 2, message: /"\*" is not a tenant id/ },
  { name: "two tenants with a comma", args: ["--tenant-id", "a,b"], code: 2, message: /"a,b" is not a tenant id/ },
  { name: "a path", args: ["--tenant-id", "../x"], code: 2, message: /is not a tenant id/ },
  {
    name: "dates reversed",
    args: ["--start-date", "2025-02-01", "--end-date", "2025-01-01"],
    code: 2,
    message: /no time lies between/,
  },
  { name: "a day that does not exist", args: ["--start-date", "2025-02-30"], code: 2, message: /2025-02-30/ },
  { name: "a negative size", args: ["--batch-size", "-5"], code: 2, message: /batch-size/ },
  { name: "a size of nothing", args: ["--batch-bytes", "0MB"], code: 2, message: /batch-bytes/ },
  { name: "a lag that is no time", args: ["--max-lag", "soon"], code: 2, message: /max-lag/ },
  {
    name: "an unknown data type",
    args: ["--data-type", "messages"],
    code: 2,
    message: /workflow_runs, app_logs, node_executions/,
  },
  {
    name: "an unknown run",
    args: ["--run-id", "00000000-0000-4000-8000-000000000000"],
    code: 2,
    message: /no migrate run/,
  },
  {
    name: "no PostgreSQL",
    env: () => ({ DATABASE_URL: "postgres://someone@127.0.0.1:1/dify" }),
    code: 1,
    message: /PostgreSQL does not answer/,
  },
  {
    name: "a wrong password",
    env: () => ({ DATABASE_URL: databaseUrl((url) => (url.password = secret)) }),
    code: 1,
    message: /password authentication failed/,
  },
  {
    name: "no such database",
    env: () => ({ DATABASE_URL: databaseUrl((url) => (url.pathname = "/no_such")) }),
    code: 1,
    message: /no_such/,
  },
  {
    name: "no Elasticsearch",
    env: () => ({ ELASTICSEARCH_HOSTS: "http://127.0.0.1:1" }),
    code: 1,
    message: /Elasticsearch.*(reach|answer|connect)/is,
  },
  {
    name: "hosts that are no JSON",
    env: () => ({ ELASTICSEARCH_HOSTS: '["http://localhost:9200"' }),
    code: 2,
    message: /ELASTICSEARCH_HOSTS/,
  },
  {
    name: "no hosts at all",
    env: () => ({ ELASTICSEARCH_HOSTS: "" }),
    code: 2,
    message: /No Elasticsearch is configured/,
  },
  {
    name: "Elasticsearch switched off",
    env: () => ({ ELASTICSEARCH_ENABLED: "false" }),
    code: 2,
    message: /switched off/,
  },
  { name: "a prefix in capitals", env: () => ({ ELASTICSEARCH_INDEX_PREFIX: "Dify" }), code: 2, message: /prefix/i },
  { name: "an unknown zone", env: () => ({ SOURCE_TIME_ZONE: "Moon/Crater" }), code: 2, message: /SOURCE_TIME_ZONE/ },
];

/** Everything that a migrate could have changed in either store. */
async function traces(): Promise<unknown> {
  const schema = await archive.sql.query("select to_regnamespace('log_archive')::text as state");
  const templates = await fetch(`${archive.elasticsearchUrl}/_index_template?filter_path=index_templates.name`);
  const indices = await fetch(
    `${archive.elasticsearchUrl}/${archive.prefix}*?expand_wildcards=all&filter_path=*.aliases`,
  );
  const { index_templates: installed = [] } = (await templates.json()) as { index_templates?: { name: string }[] };
  return {
    state: schema.rows,
    templates: installed.filter(({ name }) => name.toLowerCase().startsWith(archive.prefix) || name.startsWith("Dify")),
    indices: await indices.json(),
    rows: await countRows(archive.sql),
  };
}

function expectFailure(end: Omit<AppEnd, "signal">, { code, message }: Pick<Wrong, "code" | "message">): void {
  expect(end.stderr).toMatch(message);
  expect(end).toMatchObject({ code, stdout: "" });
  expect(end.stderr).toMatch(/^Error: /);
  expect(end.stderr).not.toMatch(/\n\s+at /); // a stack is for defects of the program
  expect(end.stderr).not.toContain(secret);
}

describe("one clear message, and nothing changed:", () => {
  test.for(wrong)("$name", async ({ args = [], env, ...expected }) => {
    const before = await traces();
    expectFailure(await runAppHere(archive, [...migrate, ...args], env?.()), expected);
    expect(await traces()).toEqual(before);
  });

  test("all problems are listed at once, and as a document with --json", async () => {
    const end = await runAppHere(
      archive,
      [...migrate, "--json", "--tenant-id", "*", "--batch-size", "x", "--start-date", "soon"],
      { SOURCE_TIME_ZONE: "?" },
    );
    expect(end.code).toBe(2);
    const { command, error } = JSON.parse(end.stdout) as {
      command: string;
      error: { code: string; message: string; hint: string };
    };
    expect(command).toBe("elasticsearch migrate");
    for (const part of ["--tenant-id", "--batch-size", "--start-date", "SOURCE_TIME_ZONE"])
      expect(error.message).toContain(part);
    expect(error.hint).not.toBe("");
  });

  test("a table missing", async () => {
    await archive.sql.query("alter table workflow_app_logs rename to elsewhere");
    try {
      const before = await archive.sql.query("select to_regnamespace('log_archive')::text as state");
      expectFailure(await runAppHere(archive, migrate), { code: 1, message: /no table workflow_app_logs/ });
      expect((await archive.sql.query("select to_regnamespace('log_archive')::text as state")).rows).toEqual(
        before.rows,
      );
    } finally {
      await archive.sql.query("alter table elsewhere rename to workflow_app_logs");
    }
  });

  test.for([
    {
      name: "a role that may not make tables",
      setup: "grant select on all tables in schema public to",
      message: /may not make the schema log_archive/,
    },
    { name: "a role that may not read", setup: "grant usage on schema public to", message: /may not read/ },
    {
      name: "a role that is read-only",
      setup: "grant pg_read_all_data to",
      readOnly: true,
      message: /read-only|may not make/,
    },
  ])("$name", async ({ setup, readOnly, message }) => {
    const role = `role_${randomBytes(4).toString("hex")}`;
    await archive.sql.query(`create role ${role} login password '${secret}'`);
    await archive.sql.query(`${setup} ${role}`);
    if (readOnly) await archive.sql.query(`alter role ${role} set default_transaction_read_only = on`);
    try {
      const before = await traces();
      const url = databaseUrl((to) => Object.assign(to, { username: role, password: secret }));
      expectFailure(await runAppHere(archive, migrate, { DATABASE_URL: url }), { code: 1, message });
      expect(await traces()).toEqual(before);
    } finally {
      await archive.sql.query(`drop owned by ${role}; drop role ${role}`);
    }
  });
});

test("a tenant without rows is said, and is a success", async () => {
  const end = await runAppHere(archive, [...migrate, "--tenant-id", "00000000-0000-4000-8000-000000000000"]);
  expect(end.stdout).toMatch(/Tenant 00000000-0000-4000-8000-000000000000 has no rows/);
  expect(end.code).toBe(0);
});
