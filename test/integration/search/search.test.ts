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
  const { statuses = [], limit = 100, sort = "time", ...scope } = more;
  return withTestConnections(archive, {}, (connections) =>
    searchLogs(connections, { query, statuses, limit, sort, scope: { dataTypes, tenantIds: [tenantId], ...scope } }),
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
  expect((await runAppHere(archive, ["elasticsearch", "search", "x", "--limit", "0"])).code).toBe(2);
});
