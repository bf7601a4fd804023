import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CoveragePage } from "../../../src/cli/dashboard/coverage-page.ts";
import type { ListedRules } from "../../../src/cli/commands/elasticsearch/retention/rules-text.ts";
import type { PartitionFacts } from "../../../src/workflow-logs/partition-facts.ts";
import type { RetentionCalendar } from "../../../src/workflow-logs/retention/calendar.ts";
import type { RetentionReport } from "../../../src/workflow-logs/retention/report.ts";
import type { SearchReport } from "../../../src/workflow-logs/search/search-logs.ts";
import type { RecordError } from "../../../src/workflow-logs/state/record-errors.ts";
import type { StatusReport } from "../../../src/workflow-logs/status.ts";
import type { StoreState } from "../../../src/workflow-logs/store-states.ts";
import { SqliteRecordErrors } from "../../../src/stores/sqlite/record-errors.ts";
import { openStateFile } from "../../../src/stores/sqlite/state-file.ts";
import { runAppHere } from "../../support/app-here.ts";
import { startApp } from "../../support/app-process.ts";
import { type RunningDashboard, startDashboard } from "../../support/dashboard.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

const token = "0123456789abcdef0123456789abcdef";

type Coverage = CoveragePage & { readonly summary: { readonly indices: { readonly count: number } } };
interface Errors {
  readonly total: number;
  readonly errors: readonly RecordError[];
}
interface Others {
  readonly errors: readonly { readonly scope: string; readonly id: string }[];
}
interface Runs {
  readonly runs: readonly { readonly id: string; readonly status: string }[];
}

let archive: TestArchive;
let dashboard: RunningDashboard;
let tenant: string;
let month: string;

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 90, tenants: 2, months: 3 });
  await migrateOnce(archive);
  const { rows } = await archive.sql.query<{ tenant: string; month: string }>(
    "SELECT tenant_id AS tenant, max(month) AS month FROM log_archive.partitions WHERE data_type = 'workflow_runs' GROUP BY 1 ORDER BY 1 LIMIT 1",
  );
  ({ tenant, month } = rows[0]!);
  await runAppHere(archive, ["elasticsearch", "validate", "--full", "--tenant-id", tenant]);
  dashboard = await startDashboard(archive);
});
afterAll(async () => {
  await dashboard?.stop();
  await archive?.drop();
});

/** A request with headers that fetch does not let through. */
function ask(
  path: string,
  headers: Record<string, string>,
  method = "GET",
  body = "",
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${dashboard.url}${path}`, { method, headers }, (answer) => {
      let text = "";
      answer.on("data", (part: Buffer) => void (text += String(part)));
      answer.on("end", () => resolve({ status: answer.statusCode!, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

test("it listens on this machine alone, and each answer forbids what a page does not need", async () => {
  expect(dashboard.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  for (const path of ["/", "/main.js", "/api/stores", "/api/nothing", "/..%2f..%2fpackage.json"]) {
    const { headers } = await fetch(`${dashboard.url}${path}`);
    expect(headers.get("content-security-policy"), path).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'; /,
    );
    expect(headers.get("content-security-policy"), path).not.toMatch(/unsafe|\*|http/);
    expect(headers.get("x-content-type-options"), path).toBe("nosniff");
    expect(headers.get("x-frame-options"), path).toBe("DENY");
    expect(headers.get("referrer-policy"), path).toBe("no-referrer");
    expect(headers.get("access-control-allow-origin"), path).toBeNull();
  }
  expect((await fetch(`${dashboard.url}/..%2f..%2fpackage.json`)).status).toBe(404);
  expect((await fetch(`${dashboard.url}/tsconfig.json`)).status).toBe(404);
});

test("another name than its own, and another site's page, get nothing", async () => {
  expect((await ask("/api/stores", { host: "evil.example" })).status).toBe(421);
  expect((await ask("/", { host: "evil.example" })).status).toBe(421);
  expect((await ask("/api/stores", { "sec-fetch-site": "cross-site" })).status).toBe(403);
  expect((await ask("/api/stores", { host: "localhost" })).status).toBe(200);
});

test("coverage is that of status, a month has its proof", async () => {
  const status = JSON.parse((await runAppHere(archive, ["elasticsearch", "status", "--json"])).stdout) as StatusReport;
  const page = await dashboard.get<Coverage>(`coverage?dataType=workflow_runs&tenant=${tenant.slice(0, 8)}`);
  const cells = page.rows[0]!.cells.map((cell, at) => ({
    month: page.months[at],
    cell,
  }));
  const rows = status.coverage.filter((row) => row.tenantId === tenant && row.dataType === "workflow_runs");
  expect(rows.length).toBeGreaterThan(0);
  for (const { month: of, state, sourceRows, targetDocuments } of rows)
    expect(cells).toContainEqual({ month: of, cell: [state, sourceRows, targetDocuments] });
  expect(page.summary.indices.count).toBe(status.indices.length);
  const facts = await dashboard.get<PartitionFacts>(
    `coverage/month?dataType=workflow_runs&tenantId=${tenant}&month=${month}`,
  );
  expect(facts.proof).toMatchObject({ rows: facts.index!.documents });
  expect(facts).toMatchObject({
    recordErrors: 0,
    index: { open: true, blocked: null, isSealed: false },
    copied: { state: "verified" },
  });
  const other = await dashboard.get<PartitionFacts>(
    `coverage/month?dataType=workflow_runs&tenantId=nobody&month=${month}`,
  );
  expect(other).toMatchObject({ index: null, copied: null, proof: null, lastRunId: null });
});

test.each([
  "coverage",
  "coverage?dataType=x",
  "coverage?dataType=app_logs&limit=1000000",
  "coverage?dataType=app_logs&from=-1",
  "coverage/month?dataType=app_logs&tenantId=../x&month=2026-01",
  "coverage/month?dataType=app_logs&tenantId=*&month=2026-01",
  `coverage/month?dataType=app_logs&tenantId=a&month=2026-13`,
  "errors?limit=0",
  "errors?tenantId=,*",
  "search?query=",
  "search?query=x&limit=101",
  "search?query=x&startDate=yesterday",
  "log",
  "log?run=00000000-0000-4000-8000-000000000000",
  "log/value?run=x&column=password",
  "runs?limit=9999",
  "runs/%2e%2e%2fx",
  "retention/calendar?tenantId=%00",
])("/api/%s is refused in words and touches nothing", async (path) => {
  const answer = await fetch(`${dashboard.url}/api/${path}`);
  expect(answer.status).toBe(400);
  const { error } = (await answer.json()) as { error: { code: string; message: string } };
  expect(error.code).toMatch(/^[a-z_]+$/);
  expect(error.message).not.toBe("");
});

test("record errors of the pipelines in the state file come page by page, and none where there is no file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "dashboard-"));
  const stateFile = join(folder, "state.db");
  {
    using file = await openStateFile(stateFile);
    const refused = Array.from({ length: 70 }, (_, at) => ({ id: `key ${at}`, type: "too_large", reason: "5 MB" }));
    await new SqliteRecordErrors(file).save("llm-cache json > redis", randomUUID(), refused);
    await new SqliteRecordErrors(file).save("milvus sync t", randomUUID(), [{ id: "n", type: "odd", reason: "r" }]);
  }
  await using other = await startDashboard(archive, [], { STATE_FILE: stateFile });
  const first = await other.get<Others>("errors/others?limit=50");
  expect(first).toMatchObject({ total: 71, byType: { too_large: 70, odd: 1 } });
  const { scope, id } = first.errors.at(-1)!;
  const after = new URLSearchParams({ limit: "50", afterScope: scope, afterId: id });
  const second = await other.get<Others>(`errors/others?${String(after)}`);
  expect(new Set([...first.errors, ...second.errors].map((error) => error.id)).size).toBe(71);
  expect(await dashboard.get("errors/others")).toEqual({ total: 0, byType: {}, errors: [] });
  await rm(folder, { recursive: true });
});

test("record errors come page by page, reasons as they are", async () => {
  const reason = `<img src=x onerror=alert(1)> \u001b[2J`;
  await archive.sql.query(
    `INSERT INTO log_archive.record_errors (data_type, record_id, tenant_id, month, type, reason)
     SELECT 'app_logs', 'r' || lpad(n::text, 3, '0'), $1, '2026-01', 'mapping', $2 FROM generate_series(1, 120) n`,
    [tenant, reason],
  );
  const seen: string[] = [];
  let after = "";
  for (;;) {
    const { errors, total } = await dashboard.get<Errors>(`errors?limit=50&tenantId=${tenant}${after}`);
    expect(total).toBe(120);
    seen.push(...errors.map(({ id }) => id));
    if (errors.length < 50) break;
    expect(errors[0]!.reason).toBe(reason);
    after = `&afterType=${errors.at(-1)!.dataType}&afterId=${errors.at(-1)!.id}`;
  }
  expect(seen).toEqual(Array.from({ length: 120 }, (_, at) => `r${String(at + 1).padStart(3, "0")}`));
  await archive.sql.query("DELETE FROM log_archive.record_errors");
});

test("the calendar says when each index is due and what is held, as a sweep would decide", async () => {
  const retention = (...args: string[]) => runAppHere(archive, ["elasticsearch", "retention", ...args]);
  await retention("set", "--tenant-id", tenant, "--days", "1");
  await retention("hold", "--tenant-id", tenant, "--data-type", "workflow_runs", "--reason", "audit <b>");
  const calendar = await dashboard.get<RetentionCalendar>("retention/calendar");
  const sweep = JSON.parse((await retention("sweep", "--dry-run", "--json")).stdout) as RetentionReport;
  const held = sweep.indices.filter(({ reason }) => reason === "held");
  expect(held.length).toBeGreaterThan(0);
  expect(calendar.held.indices).toBe(held.length);
  const inAll = calendar.days.reduce((sum, { indices }) => sum + indices, 0);
  expect(inAll + held.length).toBe(sweep.indices.length);
  const due = calendar.next.filter(({ dueAt }) => dueAt <= calendar.now).map(({ name }) => name);
  const goes = sweep.indices.filter(({ action }) => action === "would_delete").map(({ name }) => name);
  expect(goes.length).toBeGreaterThan(0);
  expect(due.toSorted()).toEqual(goes.toSorted());
  const { rules, history } = await dashboard.get<ListedRules>("retention/rules");
  expect(rules).toContainEqual(expect.objectContaining({ dataType: "workflow_runs", held: true }));
  expect(rules.find(({ held: is }) => is)!.hold!.reason).toBe("audit <b>");
  expect(history).toHaveLength(2);
});

test("a log is folded, a value is whole as a file and never as a page", async () => {
  const { rows } = await archive.sql.query<{ run: string; node: string }>(
    "SELECT workflow_run_id::text AS run, max(id::text) AS node FROM workflow_node_executions WHERE workflow_run_id IS NOT NULL GROUP BY 1 LIMIT 1",
  );
  const { run, node } = rows[0]!;
  const huge = `{"html": "<script>alert(1)</script>${"x".repeat(10 * 1024 * 1024)}"}`;
  await archive.sql.query("UPDATE workflow_node_executions SET outputs = $2, title = '<h1>' WHERE id = $1", [
    node,
    huge,
  ]);
  const answer = await (await fetch(`${dashboard.url}/api/log?run=${run}`)).text();
  expect(answer.length).toBeLessThan(1_000_000);
  const shown = JSON.parse(answer).nodes.find(({ id }: { id: string }) => id === node);
  expect(shown).toMatchObject({ title: "<h1>", cut: { outputs: huge.length } });
  expect(shown.outputs).toBe(huge.slice(0, 2000));
  const whole = await fetch(`${dashboard.url}/api/log/value?run=${run}&node=${node}&column=outputs`);
  expect(whole.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(whole.headers.get("content-disposition")).toMatch(/^attachment; filename="[\w.-]+"$/);
  expect(await whole.text()).toBe(huge);
});

test("search finds by the flags of the command, with what was found marked", async () => {
  const { rows } = await archive.sql.query<{ status: string }>(
    "SELECT status FROM workflow_runs WHERE tenant_id = $1 LIMIT 1",
    [tenant],
  );
  const { status } = rows[0]!;
  const found = await dashboard.get<SearchReport>(
    `search?tenantId=${tenant}&status=${status}&dataType=workflow_runs&limit=5`,
  );
  const same = [
    "elasticsearch",
    "search",
    "--tenant-id",
    tenant,
    "--status",
    status,
    "--data-type",
    "workflow_runs",
    "--limit",
    "5",
    "--json",
  ];
  const { total, hits } = JSON.parse((await runAppHere(archive, same)).stdout);
  expect(total).toBeGreaterThan(0);
  expect(found).toEqual({ total, hits });
});

describe("controls", () => {
  test("there are none without --allow-control", async () => {
    const headers = { origin: dashboard.url, "content-type": "application/json" };
    for (const action of ["pause", "abort", "limits"])
      expect((await ask(`/api/runs/x/${action}`, headers, "POST", "{}")).status).toBe(404);
    expect((await dashboard.get("runs"))["allowControl"]).toBe(false);
  });

  test("with it a run is paused, set and aborted, by a page of its own origin alone", async () => {
    await using other = await startDashboard(archive, ["--allow-control"]);
    const migrate = startApp(archive, [
      "elasticsearch",
      "migrate",
      "--restart",
      "--max-rps",
      "1",
      "--batch-size",
      "1",
      "--quiet",
    ]);
    try {
      const run = await underWay(other);
      const send = (path: string, origin: string | undefined, body: object = {}): Promise<Response> =>
        fetch(`${other.url}/api/runs/${run}/${path}`, {
          method: "POST",
          headers: { "content-type": "application/json", ...(origin !== undefined && { origin }) },
          body: JSON.stringify(body),
        });
      expect((await send("pause", "http://evil.example")).status).toBe(403);
      expect((await send("pause", undefined)).status).toBe(403);
      expect((await fetch(`${other.url}/api/runs/${run}/pause`)).status).toBe(404);
      expect((await send("explode", other.url)).status).toBe(400);
      expect((await send("limits", other.url, { maxRps: "many" })).status).toBe(400);
      expect((await send("limits", other.url)).status).toBe(400);
      const before = await other.get(`runs/${run}`);
      expect(before).toMatchObject({ requested: { state: "running" }, limits: { recordsPerSecond: 1 } });
      expect(await (await send("pause", other.url)).json()).toMatchObject({ requested: { state: "paused" } });
      expect(await (await send("limits", other.url, { maxRps: "7" })).json()).toMatchObject({
        limits: { recordsPerSecond: 7 },
      });
      expect((await send("abort", other.url)).status).toBe(200);
      expect((await migrate.end).code).toBe(143);
      expect(await other.get(`runs/${run}`)).toMatchObject({ status: "interrupted" });
      expect((await send("pause", other.url)).status).toBe(400);
    } finally {
      migrate.child.kill("SIGKILL");
      await migrate.end;
    }
  });

  async function underWay(of: RunningDashboard): Promise<string> {
    for (;;) {
      const { runs } = await of.get<Runs>("runs");
      const going = runs.find(({ status }) => status === "running");
      if (going !== undefined) return going.id;
      await sleep(100);
    }
  }
});

describe("beyond this machine", () => {
  test.each([
    ["--host", "0.0.0.0"],
    ["--public-url", "https://logs.example.org"],
  ])("%s needs a token, and a long one", async (...args) => {
    const without = await runAppHere(archive, ["dashboard", ...args, "--json"]);
    expect(without.code).toBe(2);
    expect(JSON.parse(without.stdout).error).toMatchObject({ code: "dashboard_token_missing" });
    const short = await runAppHere(archive, ["dashboard", ...args], { DASHBOARD_TOKEN: "secret" });
    expect(short.code).toBe(2);
    expect(short.stderr).toContain("DASHBOARD_TOKEN");
    expect(short.stderr).not.toContain("secret\n");
  });

  test("nothing is told without the token; the page lets it be given", async () => {
    await using guarded = await startDashboard(archive, ["--host", "0.0.0.0", "--allow-control"], {
      DASHBOARD_TOKEN: token,
    });
    const url = guarded.url.replace("0.0.0.0", "127.0.0.1");
    const paths = [
      "stores",
      "coverage?dataType=app_logs",
      "runs",
      "runs/x",
      "errors",
      "retention/rules",
      "search?query=x",
      "log?run=x",
    ];
    for (const path of paths) expect((await fetch(`${url}/api/${path}`)).status, path).toBe(401);
    const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${url}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", origin: url, ...headers },
        body: JSON.stringify(body),
      });
    expect((await post("/api/runs/x/abort", {})).status).toBe(401);
    expect((await post("/login", { token: `${token}0` })).status).toBe(401);
    expect((await post("/login", { token: { length: 32 } })).status).toBe(401);
    expect((await post("/login", { token }, { origin: "http://evil.example" })).status).toBe(403);
    const login = await post("/login", { token });
    const cookie = login.headers.get("set-cookie")!.split(";")[0]!;
    expect((await fetch(`${url}/api/stores`, { headers: { cookie } })).status).toBe(200);
    expect((await fetch(`${url}/api/stores`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    const { code, stderr } = await guarded.stop();
    expect(code).toBe(143);
    expect(stderr).not.toContain(token);
  });
});

describe("stores that are away", () => {
  const nowhere = "http://127.0.0.1:9";

  test("Elasticsearch: the page loads, runs and rules are told, the rest says why not", async () => {
    await using lame = await startDashboard(archive, [], {
      ELASTICSEARCH_HOSTS: nowhere,
      ELASTICSEARCH_MAX_RETRIES: "0",
    });
    expect((await fetch(lame.url)).status).toBe(200);
    expect((await lame.get<{ stores: StoreState[] }>("stores")).stores).toMatchObject([
      { store: "PostgreSQL", answers: true },
      { store: "Elasticsearch", answers: false },
    ]);
    expect((await lame.get<Runs>("runs")).runs.length).toBeGreaterThan(0);
    await lame.get("retention/rules");
    const coverage = await fetch(`${lame.url}/api/coverage?dataType=app_logs`);
    expect(coverage.status).toBe(503);
    expect(await coverage.json()).toMatchObject({ error: { code: "elasticsearch_unreachable" } });
  });

  test("PostgreSQL: the page loads, and no password is told", async () => {
    const gone = { databaseUrl: "postgresql://me:hidden-word@127.0.0.1:9/x" };
    await using lame = await startDashboard({ ...archive, ...gone });
    expect((await fetch(lame.url)).status).toBe(200);
    const states = await (await fetch(`${lame.url}/api/stores`)).text();
    expect(JSON.parse(states).stores).toMatchObject([{ answers: false }, { answers: true }]);
    const runs = await fetch(`${lame.url}/api/runs`);
    expect(runs.status).toBe(503);
    expect(`${states}${await runs.text()}`).not.toContain("hidden-word");
  });

  test("an Elasticsearch that is not configured is said, and runs are still shown", async () => {
    await using without = await startDashboard(archive, [], { ELASTICSEARCH_ENABLED: "false" });
    expect((await without.get<{ stores: StoreState[] }>("stores")).stores).toHaveLength(1);
    expect((await without.get<Runs>("runs")).runs.length).toBeGreaterThan(0);
    const coverage = await fetch(`${without.url}/api/coverage?dataType=app_logs`);
    expect(await coverage.json()).toMatchObject({ error: { code: "elasticsearch_disabled" } });
  });
});

test("a port that is taken is said", async () => {
  const port = new URL(dashboard.url).port;
  const end = await runAppHere(archive, ["dashboard", "--port", port, "--json"]);
  expect(end.code).toBe(1);
  expect(JSON.parse(end.stdout)).toMatchObject({ error: { code: "dashboard_port" } });
});
