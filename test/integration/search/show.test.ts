import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ShownRun } from "../../../src/workflow-logs/show/show-run.ts";
import { runAppHere } from "../../support/app-here.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
let run: string;
let tenant: string;
let nodes: string[];

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 150, tenants: 1, months: 1 });
  const { rows } = await archive.sql.query<{ run: string; tenant: string; nodes: string[] }>(
    `SELECT r.id::text AS run, r.tenant_id::text AS tenant, array_agg(n.id::text ORDER BY n.created_at, n.index, n.id) AS nodes
       FROM workflow_runs r JOIN workflow_node_executions n ON n.workflow_run_id = r.id
      GROUP BY r.id HAVING count(*) > 3 ORDER BY count(*) DESC, r.id LIMIT 1`,
  );
  ({ run, tenant, nodes } = rows[0]!);
  await archive.sql.query("UPDATE workflow_node_executions SET status = 'failed', error = 'boom' WHERE id = $1", [
    nodes[2],
  ]);
  await archive.sql.query("UPDATE workflow_node_executions SET outputs = $2 WHERE id = $1", [
    nodes[1],
    String.raw`{"answer": "\u4f60\u597d ${"word ".repeat(60)}"}`,
  ]);
  await archive.sql.query(
    `INSERT INTO upload_files (id, tenant_id, storage_type, key, name, size, extension, created_by_role, created_by, created_at, used)
     VALUES (gen_random_uuid(), $1, 'opendal', 'some/key.json', 'outputs.json', 2048, 'json', 'account', gen_random_uuid(), now(), false)`,
    [tenant],
  );
  await archive.sql.query(
    `INSERT INTO workflow_node_execution_offload (id, created_at, tenant_id, app_id, node_execution_id, type, file_id)
     SELECT gen_random_uuid(), n.created_at, n.tenant_id, n.app_id, n.id, 'process_data', f.id
       FROM workflow_node_executions n, upload_files f WHERE n.id = $1 AND f.key = 'some/key.json'`,
    [nodes[1]],
  );
});
afterAll(() => archive?.drop());

async function show(...args: string[]): Promise<ShownRun> {
  const { code, stdout, stderr } = await runAppHere(archive, ["elasticsearch", "show", run, "--json", ...args]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as ShownRun;
}

const stores = ({ run: own, nodes: of }: ShownRun): (string | undefined)[] => [
  own?.store,
  ...new Set(of.map(({ store }) => store)),
];

test("a run that was never archived comes from PostgreSQL, also before there is a state", async () => {
  const shown = await show();
  expect(shown).toMatchObject({ tenantId: tenant, run: { id: run } });
  expect(shown.nodes.map(({ id }) => id)).toEqual(nodes);
  expect(stores(shown)).toEqual(["postgres", "postgres"]);
  expect(shown.nodes[1]!.offloads).toMatchObject([{ type: "process_data", key: "some/key.json", bytes: 2048 }]);
});

test("a purged run is the same from Elasticsearch, and half a run comes from both", async () => {
  const before = await show();
  await migrateOnce(archive);
  expect(stores(await show())).toEqual(["postgres", "postgres"]);
  await archive.sql.query("DELETE FROM workflow_node_executions WHERE id = ANY($1)", [nodes.slice(0, 2)]);
  const half = await show();
  expect(half.nodes.map(({ id, store }) => [id, store])).toEqual(
    nodes.map((id, at) => [id, at < 2 ? "elasticsearch" : "postgres"]),
  );
  await archive.sql.query("DELETE FROM workflow_node_executions WHERE workflow_run_id = $1", [run]);
  await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [run]);
  const after = await show();
  expect(stores(after)).toEqual(["elasticsearch", "elasticsearch"]);
  const bare = (shown: ShownRun): unknown =>
    JSON.parse(JSON.stringify(shown).replaceAll('"store":"postgres"', '"store":"elasticsearch"'));
  expect(bare(after)).toEqual(bare(before));
});

test("failed nodes come first on request, values are folded or whole, escapes are letters", async () => {
  const failedFirst = await show("--failed-first");
  expect(failedFirst.nodes.map(({ id }) => id)).toEqual([nodes[2]!, ...nodes.filter((id) => id !== nodes[2])]);
  const folded = await runAppHere(archive, ["elasticsearch", "show", run]);
  expect(folded.stdout).toContain(`Run ${run}: `);
  expect(folded.stdout).toContain("1 failed");
  expect(folded.stdout).toMatch(/outputs: \{"answer": "你好 word .*… \(\d+ characters\)\n/);
  expect(folded.stdout).toContain("error: boom");
  expect(folded.stdout).toContain("process data offloaded: 2 KiB, some/key.json");
  const whole = await runAppHere(archive, ["elasticsearch", "show", run, "--whole"]);
  expect(whole.stdout).toContain(`outputs: {"answer": "你好 ${"word ".repeat(60)}"}\n`);
});

test.each([
  ["a run that nobody has", () => ["00000000-0000-4000-8000-000000000000"]],
  ["what is no id", () => ["*"]],
  ["a run of another tenant", () => [run, "--tenant-id", "00000000-0000-4000-8000-000000000000"]],
])("%s is refused", async (_, args) => {
  const { code, stdout } = await runAppHere(archive, ["elasticsearch", "show", ...args(), "--json"]);
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: "unknown_run" } });
});

test("a document in another tenant's index, or under another id than it says, is nobody's run", async () => {
  await migrateOnce(archive);
  const es = async (path: string, init?: { method: string; body: string }): Promise<unknown> => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${archive.elasticsearchUrl}/${path}`, { headers, ...init });
    expect(response.ok, path).toBe(true);
    return response.json();
  };
  const [{ index }] = (await es(`_cat/indices/${archive.prefix}-workflow-runs-*?format=json&h=index`)) as [
    { index: string },
  ];
  const { hits } = (await es(`${index}/_search?size=1`)) as { hits: { hits: [{ _source: Record<string, unknown> }] } };
  const { _source: document } = hits.hits[0];
  const [foreign, hidden] = [randomUUID(), randomUUID()];
  const plant = (id: string, source: object): Promise<unknown> =>
    es(`${index}/_doc/${id}?refresh=true`, { method: "PUT", body: JSON.stringify(source) });
  await plant(foreign, { ...document, id: foreign, tenant_id: randomUUID() });
  await plant(hidden, { ...document, id: String(document["id"]) });
  for (const id of [foreign, hidden])
    for (const args of [[], ["--tenant-id", String(document["tenant_id"])]]) {
      const end = await runAppHere(archive, ["elasticsearch", "show", id, ...args]);
      expect(end, id).toMatchObject({ code: 2 });
      expect(end.stderr).toContain(id);
    }
});
