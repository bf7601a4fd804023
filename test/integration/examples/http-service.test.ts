import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, it } from "vitest";
import { saveRollout } from "../../../src/workflow-logs/state/rollouts.ts";
import { testId } from "../../contract/workflow-runs/runs-archive.ts";
import { insertRun } from "../../support/insert-run.ts";
import { withTestConnections } from "../../support/test-connections.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

const tenantId = testId("tenant of the service");
const appId = tenantId;

let archive: TestArchive;
let service: ChildProcess;
let url: string;
/** On stderr. */
let said: string;

beforeEach(async () => {
  archive = await createTestArchive({ tenants: 1 });
});
afterEach(async () => {
  service.kill("SIGKILL");
  await archive.drop();
});

async function start(env: Record<string, string>): Promise<void> {
  service = spawn(process.execPath, ["examples/http-service/main.ts"], {
    env: {
      PATH: process.env["PATH"],
      PORT: "0",
      DATABASE_URL: archive.databaseUrl,
      ELASTICSEARCH_HOSTS: archive.elasticsearchUrl,
      ELASTICSEARCH_INDEX_PREFIX: archive.prefix,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  said = "";
  service.stderr!.on("data", (text: Buffer) => (said += text.toString()));
  for await (const line of createInterface(service.stdout!)) {
    url = line.replace("Listening on ", "");
    return;
  }
  throw new Error("The service ended before it listened");
}

const dualWrite = {
  CORE_WORKFLOW_EXECUTION_REPOSITORY: "dual-write",
  API_WORKFLOW_RUN_REPOSITORY: "dual-write",
  API_WORKFLOW_NODE_EXECUTION_REPOSITORY: "dual-write",
};

async function ask(path: string, body?: object): Promise<{ status: number; answer: never }> {
  const post = { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(`${url}/tenants/${tenantId}/apps/${appId}/${path}`, body === undefined ? {} : post);
  return { status: response.status, answer: (await response.json()) as never };
}

it("answers and takes runs, and writes what is on its way before it ends", async () => {
  const { runId, nodeIds, logId } = await insertRun(archive.sql, { tenantId, nodes: 3 });
  await migrateOnce(archive);
  await withTestConnections(archive, {}, async ({ state }) => {
    await saveRollout(state, tenantId, { write: "both", read: "postgres" }, []);
  });
  await start(dualWrite);

  const run = { workflow_id: appId, created_by: appId, inputs: { q: "hello" }, total_tokens: 2 ** 53 - 1 };
  const created = await ask("runs", { ...run, status: "succeeded", created_at: "2025-09-11T10:00:00Z" });
  expect(created).toMatchObject({ status: 201, answer: { totalTokens: 9007199254740991 } });
  const { id } = created.answer as { id: string };

  expect(await ask("runs?limit=1")).toMatchObject({ answer: { data: [{ id }], limit: 1, hasMore: true } });
  expect(await ask(`runs?limit=1&last_id=${id}`)).toMatchObject({ answer: { data: [{ id: runId }], hasMore: false } });
  expect(await ask("runs?status=failed")).toMatchObject({ status: 200, answer: { data: [] } });
  const shown = (await ask(`runs/${runId}`)).answer as { nodes: { id: string }[] };
  expect(shown.nodes.map((node) => node.id).toSorted()).toEqual(nodeIds.toSorted());
  expect(await ask("logs?keyword=answer&status=succeeded")).toMatchObject({
    answer: { total: 1, data: [{ id: logId }] },
  });
  expect(await ask("logs?created_at__before=2025-01-01T00:00:00Z")).toMatchObject({ answer: { total: 0 } });
  expect(await ask("statistics?timezone=Asia/Shanghai")).toMatchObject({
    answer: {
      runs: [
        { date: "2025-09-10", runs: 1 },
        { date: "2025-09-11", runs: 1 },
      ],
      tokens: [{}, { tokenCount: 9007199254740991 }],
    },
  });

  expect(await ask("runs?limit=0")).toMatchObject({ status: 400, answer: { error: { code: "invalid_limit" } } });
  expect(await ask("runs", { nothing: true })).toMatchObject({
    status: 400,
    answer: { error: { code: "invalid_body" } },
  });
  expect(await ask(`runs/${testId("none")}`)).toMatchObject({ status: 404 });
  expect((await fetch(`${url}/tenants/*/apps/${appId}/runs`)).status).toBe(200);
  expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
  expect(await (await fetch(`${url}/stats`)).json()).toMatchObject({ dropped: 0 });

  service.kill("SIGTERM");
  expect(await once(service, "exit")).toEqual([0, null]);
  const document = `${archive.prefix}-workflow-runs-${tenantId}-2025.09/_doc/${id}`;
  expect((await fetch(`${archive.elasticsearchUrl}/${document}`)).status).toBe(200);
});

it("answers as Dify's service API does, by its keys, also for runs that were purged", async () => {
  const { runId, logId } = await insertRun(archive.sql, { tenantId, nodes: 2 });
  await archive.sql.query("UPDATE workflow_runs SET inputs = $2, outputs = NULL WHERE id = $1", [
    runId,
    '{"q": "hello"}',
  ]);
  await migrateOnce(archive);
  await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [runId]);
  await archive.sql.query("DELETE FROM workflow_app_logs WHERE id = $1", [logId]);
  await archive.sql.query(
    "CREATE TABLE IF NOT EXISTS api_tokens (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), app_id uuid, type text, token text)",
  );
  await archive.sql.query("CREATE TABLE IF NOT EXISTS apps (id uuid PRIMARY KEY, tenant_id uuid)");
  await archive.sql.query("INSERT INTO apps (id, tenant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", [appId, tenantId]);
  await archive.sql.query("INSERT INTO api_tokens (app_id, type, token) VALUES ($1, 'app', 'app-right')", [appId]);
  await start({
    API_WORKFLOW_RUN_REPOSITORY: "elasticsearch",
    API_WORKFLOW_NODE_EXECUTION_REPOSITORY: "elasticsearch",
  });
  const call = async (path: string, key = "app-right") => {
    const response = await fetch(`${url}/v1/workflows/${path}`, { headers: { authorization: `Bearer ${key}` } });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  const whole = expect.any(Number) as number;
  const measured = { error: null, elapsed_time: whole, total_tokens: whole, total_steps: whole, created_at: whole };
  const shown = await call(`run/${runId}`);
  expect(shown.status).toBe(200);
  expect(shown.body).toMatchObject({
    id: runId,
    status: "succeeded",
    inputs: { q: "hello" },
    outputs: {},
    ...measured,
  });
  expect(Object.keys(shown.body).toSorted()).toEqual(
    "created_at elapsed_time error finished_at id inputs outputs status total_steps total_tokens workflow_id".split(
      " ",
    ),
  );
  const listed = await call("logs?limit=5");
  expect(listed.body).toMatchObject({ page: 1, limit: 5, total: 1, has_more: false });
  const [log] = listed.body["data"] as Record<string, unknown>[];
  expect(log).toMatchObject({ id: logId, created_at: whole, workflow_run: { id: runId, ...measured } });
  expect(Object.keys(log!).toSorted()).toEqual(
    "created_at created_by_account created_by_end_user created_by_role created_from id workflow_run".split(" "),
  );
  expect((await call("logs?status=failed")).body).toMatchObject({ total: 0, data: [] });
  expect(await call("logs", "app-wrong")).toMatchObject({ status: 401, body: { code: "unauthorized", status: 401 } });
  expect(await call(`run/${testId("none")}`)).toMatchObject({ status: 404, body: { code: "not_found" } });
  expect(await call("logs?limit=1000")).toMatchObject({ status: 400, body: { code: "invalid_param" } });
});

it("says what is wrong with its configuration", async () => {
  await expect(start({ API_WORKFLOW_RUN_REPOSITORY: "nowhere" })).rejects.toThrow("ended");
  expect(service.exitCode ?? (await once(service, "exit"))[0]).toBe(1);
  expect(said).toContain("✖ API_WORKFLOW_RUN_REPOSITORY must be");
});
