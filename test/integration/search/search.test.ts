import { afterAll, beforeAll, expect, test } from "vitest";
import { dataTypes } from "../../../src/workflow-logs/partitions/log-types.ts";
import { searchLogs, type SearchOptions, type SearchReport } from "../../../src/workflow-logs/search/search-logs.ts";
import { runAppHere } from "../../support/app-here.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";
import { tenantsOf } from "../restore/restore-archive.ts";

let archive: TestArchive;
let tenantId: string;
let other: string;
/** What was written, by the name the tests know it by. */
const ids: Record<string, string> = {};

const texts: Readonly<Record<string, { inputs?: unknown; outputs?: unknown; error?: string; status?: string }>> = {
  chinese: { inputs: { query: "请帮我查询逾期的发票" } },
  japanese: { outputs: { answer: "請求書の支払い期限が過ぎています" } },
  korean: { outputs: { answer: "송장 결제 기한이 지났습니다" } },
  cyrillic: { inputs: { query: "Просроченный счёт №42" } },
  arabic: { inputs: { query: "فاتورة متأخرة" } },
  english: { outputs: { answer: "The invoice INV-2025-0042 is overdue since Monday" } },
  swapped: { outputs: { answer: "overdue is not the word for this invoice" } },
  nested: { outputs: { list: [{ deep: { value: "pineapple juice" } }], total: 12.75 } },
  failed: { error: "ConnectionResetError: [Errno 104] Connection reset by peer", status: "failed" },
  escaped: { inputs: { path: 'C:\\temp\\new\tfile "quoted" é \u{1f34d}' } },
};

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 200, tenants: 2, months: 1 });
  [tenantId = "", other = ""] = await tenantsOf(archive.sql);
  for (const [at, [name, { inputs, outputs, error, status = "succeeded" }]] of Object.entries(texts).entries()) {
    ids[name] = await insertRun(tenantId, at, { inputs, outputs, error, status });
  }
  ids["other"] = await insertRun(other, 0, { inputs: { query: "逾期的发票 invoice overdue" }, status: "succeeded" });
  await migrateOnce(archive);
});
afterAll(() => archive?.drop());

/** JSON as Dify stores it: everything beyond ASCII as escapes. */
function stored(value: unknown): string | null {
  if (value === undefined) return null;
  return JSON.stringify(value).replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

async function insertRun(
  tenant: string,
  minute: number,
  {
    inputs,
    outputs,
    error,
    status,
  }: { inputs?: unknown; outputs?: unknown; error?: string | undefined; status: string },
): Promise<string> {
  const { rows } = await archive.sql.query<{ id: string }>(
    `INSERT INTO workflow_runs (id, tenant_id, app_id, workflow_id, type, triggered_from, version, status, created_by_role, created_by, created_at, inputs, outputs, error)
       VALUES (gen_random_uuid(), $1, gen_random_uuid(), gen_random_uuid(), 'workflow', 'app-run', '1', $2, 'account', gen_random_uuid(), timestamp '2025-08-10 10:00' + $3 * interval '1 minute', $4, $5, $6)
     RETURNING id::text AS id`,
    [tenant, status, minute, stored(inputs), stored(outputs), error ?? null],
  );
  return rows[0]!.id;
}

function find(
  query: string,
  more: Partial<Omit<SearchOptions, "scope">> & Partial<SearchOptions["scope"]> = {},
): Promise<SearchReport> {
  const {
    limit = 100,
    sort = "time",
    statuses = [],
    dataTypes: types = dataTypes,
    tenantIds = [tenantId],
    ...rest
  } = more;
  const { start, end, ...filters } = rest;
  const scope = { dataTypes: types, tenantIds, start, end };
  return withTestConnections(archive, {}, (connections) =>
    searchLogs(connections, { query, statuses, limit, sort, scope, ...filters }),
  );
}

async function names(report: Promise<SearchReport>): Promise<string[]> {
  const known = new Map(Object.entries(ids).map(([name, id]) => [id, name]));
  return (await report).hits.map(({ id }) => known.get(id) ?? id);
}

test.each([
  ["发票", ["chinese"]],
  ["逾期的发票", ["chinese"]],
  ["期逾", []],
  ["請求書", ["japanese"]],
  ["支払い期限", ["japanese"]],
  ["송장", ["korean"]],
  ["счёт 42", ["cyrillic"]],
  ["فاتورة", ["arabic"]],
  ["INVOICE overdue", ["swapped", "english"]],
  ['"is overdue"', ["english"]],
  ["INV-2025-0042", ["english"]],
  ['"pineapple juice" 12.75', ["nested"]],
  ["ConnectionResetError", ["failed"]],
  ["temp\\new", ["escaped"]],
  ["quoted é", ["escaped"]],
  ["🍍", ["escaped"]],
  ["deep", []],
])("%s finds %j, newest first", async (query, expected) => {
  expect((await names(find(query))).filter((name) => name in ids || name === "other")).toEqual(expected);
});

test("an id finds its log and what belongs to it", async () => {
  const { rows } = await archive.sql.query<{ run: string; nodes: string[] }>(
    `SELECT r.id::text AS run, array_agg(n.id::text ORDER BY n.id) AS nodes FROM workflow_runs r JOIN workflow_node_executions n ON n.workflow_run_id = r.id
      WHERE r.tenant_id = $1 GROUP BY r.id ORDER BY r.id LIMIT 1`,
    [tenantId],
  );
  const { run, nodes } = rows[0]!;
  const found = (await find(run)).hits.map(({ dataType, id }) => `${dataType} ${id}`);
  expect(found).toEqual(
    expect.arrayContaining([`workflow_runs ${run}`, ...nodes.map((id) => `node_executions ${id}`)]),
  );
});

test("what was found is marked in its passage", async () => {
  const { hits, total } = await find("逾期的发票");
  expect(total).toBe(1);
  expect(hits[0]).toMatchObject({ dataType: "workflow_runs", tenantId, status: "succeeded", id: ids["chinese"] });
  expect(hits[0]!.createdAt).toBe("2025-08-10T10:00:00.000000Z");
  expect(hits[0]!.highlight.join("").replaceAll(/<\/?em>/g, "")).toContain("请帮我查询逾期的发票");
  expect(hits[0]!.highlight.join("")).toContain("<em>");
});

test("filters, limits and orders", async () => {
  expect(await names(find("connection", { statuses: ["succeeded"] }))).not.toContain("failed");
  expect(await names(find("connection", { statuses: ["failed"] }))).toContain("failed");
  expect(await names(find("pineapple juice"))).toEqual(["nested"]);
  expect(await names(find("pineapple juice", { dataTypes: ["app_logs"] }))).toEqual([]); // that run has no app log
  expect(await names(find("invoice overdue", { end: "2025-08-10 10:06:00.000000" }))).toEqual(["english"]);
  expect(await names(find("invoice overdue", { start: "2025-08-10 10:06:00.000000" }))).toEqual(["swapped"]);
  expect(await names(find("invoice overdue", { start: "2026-01-01 00:00:00.000000" }))).toEqual([]);
  const limited = await find("invoice overdue", { limit: 1 });
  expect([limited.total, limited.hits.length]).toEqual([2, 1]);
  expect((await names(find("invoice overdue", { sort: "relevance" }))).toSorted()).toEqual(["english", "swapped"]);
});

test("apps, workflows, users and durations choose logs, with and without words", async () => {
  const { rows } = await archive.sql.query<{
    id: string;
    app: string;
    workflow: string;
    user: string;
    seconds: number;
  }>(
    `SELECT id::text AS id, app_id::text AS app, workflow_id::text AS workflow, created_by::text AS user, elapsed_time AS seconds
       FROM workflow_runs WHERE tenant_id = $1 AND NOT id::text = ANY($2) ORDER BY id`,
    [tenantId, Object.values(ids)],
  );
  const some = rows[0]!;
  const runs = { dataTypes: ["workflow_runs"] as const, limit: 1000 };
  const expected = (holds: (row: typeof some) => boolean): string[] => rows.filter(holds).map(({ id }) => id);
  const found = async (filters: Parameters<typeof find>[1]): Promise<string[]> =>
    (await find("", { ...runs, ...filters })).hits.map(({ id }) => id).toSorted();
  expect(await found({ appIds: [some.app] })).toEqual(expected(({ app }) => app === some.app));
  expect(await found({ workflowIds: [some.workflow] })).toEqual(expected(({ workflow }) => workflow === some.workflow));
  expect(await found({ userIds: [some.user] })).toEqual(expected(({ user }) => user === some.user));
  const middle = rows.map(({ seconds }) => seconds).toSorted((a, b) => a - b)[rows.length >> 1]!;
  expect(await found({ minSeconds: middle, userIds: [], appIds: rows.map(({ app }) => app) })).toEqual(
    expected(({ seconds }) => seconds >= middle),
  );
  expect((await find("", { maxSeconds: middle, dataTypes: ["app_logs"] })).total).toBe(0); // they have no duration
  const { app, workflow } = { app: [crypto.randomUUID()], workflow: [some.workflow] };
  expect(await found({ appIds: app, workflowIds: workflow })).toEqual([]);
  expect(
    await names(find("connection", { statuses: ["failed", "exception"], workflowIds: [some.workflow] })),
  ).not.toContain("failed");
});

test("a session and an account find what their people started, in every data type", async () => {
  const { rows } = await archive.sql.query<{ session: string; ids: string[] }>(
    `SELECT e.session_id AS session, array_agg(r.id::text ORDER BY r.id::text) AS ids FROM end_users e
       JOIN workflow_runs r ON r.created_by = e.id AND r.tenant_id = e.tenant_id
      WHERE e.tenant_id = $1 AND EXISTS (SELECT FROM workflow_app_logs l WHERE l.created_by = e.id) GROUP BY e.session_id ORDER BY 1 LIMIT 1`,
    [tenantId],
  );
  const { session, ids: runs } = rows[0]!;
  const { hits } = await find("", { sessionId: session, limit: 1000 });
  const ofType = (type: string): string[] => hits.filter(({ dataType }) => dataType === type).map(({ id }) => id);
  expect(ofType("workflow_runs").toSorted()).toEqual(runs);
  expect(ofType("node_executions").length).toBeGreaterThan(0);
  expect(new Set(hits.map(({ workflowRunId }) => workflowRunId))).toEqual(new Set(runs));
  expect((await find("", { sessionId: session, tenantIds: [other] })).total).toBe(0);
  expect((await find("", { sessionId: "nobody" })).total).toBe(0);
  const account = await archive.sql.query<{ email: string; ids: string[] }>(
    `SELECT a.email, array_agg(r.id::text ORDER BY r.id::text) AS ids FROM accounts a JOIN workflow_runs r ON r.created_by = a.id
      WHERE r.tenant_id = $1 GROUP BY a.email ORDER BY 1 LIMIT 1`,
    [tenantId],
  );
  const { email, ids: theirs } = account.rows[0]!;
  const byAccount = await find("", { account: email, dataTypes: ["workflow_runs"], limit: 1000 });
  expect(byAccount.hits.map(({ id }) => id).toSorted()).toEqual(theirs);
  await archive.sql.query("ALTER TABLE end_users RENAME TO gone"); // the archive's app logs still name them
  try {
    expect((await find("", { sessionId: session, limit: 1000 })).total).toBe(hits.length);
  } finally {
    await archive.sql.query("ALTER TABLE gone RENAME TO end_users");
  }
});

test("nothing of another tenant is found, whatever the tenant is called", async () => {
  expect(await names(find("发票", { tenantIds: [other] }))).toEqual(["other"]);
  expect((await names(find("发票", { tenantIds: [] }))).toSorted()).toEqual(["chinese", "other"]);
  for (const wild of ["*", `${tenantId.slice(0, 8)}*`, `${tenantId},${other}`, "../x", tenantId.slice(0, 8), ""])
    expect((await find("发票", { tenantIds: [wild] })).total, wild).toBe(0);
});

test("a tenant without logs has none, and an empty query is refused", async () => {
  expect(await find("发票", { tenantIds: ["00000000-0000-4000-8000-000000000000"] })).toEqual({ total: 0, hits: [] });
  await expect(find(' "" ')).rejects.toMatchObject({ code: "empty_query" });
});

test("the command prints passages for people and one document for programs", async () => {
  const args = ["elasticsearch", "search", "发票", "--tenant-id", tenantId];
  const text = await runAppHere(archive, args);
  expect(text.stdout).toMatch(/workflow_runs {2}succeeded {2}.*\n.*<em>.*\n\n1 of 1 found/);
  const json = await runAppHere(archive, [...args, "--json"]);
  expect(JSON.parse(json.stdout)).toMatchObject({
    command: "elasticsearch search",
    total: 1,
    hits: [{ id: ids["chinese"] }],
  });
  expect((await runAppHere(archive, ["elasticsearch", "search", '""'])).code).toBe(2);
  expect((await runAppHere(archive, ["elasticsearch", "search"])).code).toBe(2);
  const failed = await runAppHere(archive, ["elasticsearch", "search", "--failed", "--tenant-id", tenantId, "--json"]);
  const statuses = (JSON.parse(failed.stdout) as SearchReport).hits.map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set(["failed"]));
  expect((await runAppHere(archive, ["elasticsearch", "search", "x", "--limit", "0"])).code).toBe(2);
});
