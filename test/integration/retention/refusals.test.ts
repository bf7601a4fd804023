import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { archiveMark } from "../../support/index-owner.ts";
import { runAppHere } from "../../support/app-here.ts";
import {
  createRetentionArchive,
  indexExists,
  journal,
  outcomes,
  putIndex,
  request,
  sweepOnce,
} from "../../support/retention-archive.ts";
import type { TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createRetentionArchive();
});
afterAll(() => archive.drop());

const old = ["2020-01-05T00:00:00.000000Z"];

test.each<[string, object | string]>([
  ["index_closed", "_close"],
  ["index_blocked", { "index.blocks.write": true }],
  ["index_blocked", { "index.blocks.read_only": true }],
  ["index_blocked", { "index.blocks.read_only_allow_delete": true }],
  ["index_blocked", { "index.blocks.read": true }],
])("an index stays and is reported: %s by %j", async (reason, how) => {
  const tenantId = randomUUID();
  const name = await putIndex(archive, { tenantId, month: "2020-01", createdAt: old });
  const other = await putIndex(archive, { tenantId, month: "2020-02", createdAt: old });
  if (typeof how === "string") await request(archive, "POST", `${name}/${how}`);
  else await request(archive, "PUT", `${name}/_settings`, how);

  const end = await runAppHere(archive, [
    "elasticsearch",
    "retention",
    "sweep",
    "--tenant-id",
    tenantId,
    "--yes",
    "--json",
  ]);

  expect(end).toMatchObject({ code: 3, stderr: "" });
  expect(JSON.parse(end.stdout)).toMatchObject({
    indices: [
      { name, action: "kept", reason },
      { name: other, action: "deleted" },
    ],
  });
  expect(await journal(archive, tenantId)).toHaveLength(1);
  if (typeof how === "string") await request(archive, "POST", `${name}/_open`);
  else
    await request(archive, "PUT", `${name}/_settings`, Object.fromEntries(Object.keys(how).map((key) => [key, null])));
  expect(await indexExists(archive, name)).toBe(true);
  expect(await indexExists(archive, other)).toBe(false);
});

test("an index of which a shard is missing stays: what it does not show may be young", async () => {
  const tenantId = randomUUID();
  const name = `${archive.prefix}-workflow-runs-${tenantId}-2020.01`;
  const mappings = { _meta: await archiveMark(archive) };
  const nowhere = { mappings, settings: { "index.routing.allocation.require._name": "nowhere" } };
  await request(archive, "PUT", `${name}?wait_for_active_shards=0`, nowhere);
  const report = await sweepOnce(archive, { tenantIds: [tenantId] });
  expect(outcomes(report)).toEqual({ [name]: "kept: newest_unknown" });
  expect(await journal(archive, tenantId)).toEqual([]);
  await request(archive, "DELETE", name);
});

test("of other programs nothing goes: no mark, no name of ours, an alias of our name", async () => {
  const tenantId = randomUUID();
  const ours = await putIndex(archive, { tenantId, month: "2020-01", createdAt: old });
  const base = `${archive.prefix}-workflow-runs-${tenantId}`;
  const mark = { mappings: { _meta: { managed_by: "someone" } } };
  const unmarked = `${base}-2020.02`;
  const behindAlias = `${archive.prefix}-other-${tenantId}`;
  const strangers = [`${base}-backup`, `${base}-2020.13`, `${archive.prefix}-workflow-runs-${tenantId}`];
  await request(archive, "PUT", unmarked, mark);
  await request(archive, "PUT", behindAlias, { ...mark, aliases: { [`${base}-2020.03`]: {} } });
  for (const name of strangers) await request(archive, "PUT", name);
  await request(archive, "PUT", `${ours}/_alias/${archive.prefix}-all-${tenantId}`);

  const report = await sweepOnce(archive, {});

  const mine = report.indices.filter((index) => index.tenantId === tenantId);
  expect(mine.map(({ name, action, reason }) => ({ name, action, reason }))).toEqual([
    { name: ours, action: "deleted", reason: "past_retention" },
    { name: unmarked, action: "kept", reason: "index_foreign" },
  ]);
  expect(report.notes.filter((note) => note.includes(tenantId))).toHaveLength(3);
  expect(report.status).toBe("completed_with_findings");
  for (const name of [unmarked, behindAlias, `${base}-2020.03`, ...strangers]) {
    expect(await indexExists(archive, name), name).toBe(true);
  }
  for (const name of [unmarked, behindAlias, ...strangers]) await request(archive, "DELETE", name);
});

test("an index that took the name while it was judged stays, whatever it holds", async () => {
  const tenantId = randomUUID();
  const name = await putIndex(archive, { tenantId, month: "2020-01", createdAt: old });
  const replace = async (step: string): Promise<void> => {
    if (step !== "judged") return;
    await request(archive, "DELETE", name);
    await putIndex(archive, { tenantId, month: "2020-01", createdAt: old });
  };
  const report = await sweepOnce(archive, { tenantIds: [tenantId], atStep: replace });
  expect(outcomes(report)).toEqual({ [name]: "kept: index_replaced" });
  expect(await indexExists(archive, name)).toBe(true);
  expect(outcomes(await sweepOnce(archive, { tenantIds: [tenantId] }))).toEqual({
    [name]: "deleted: past_retention",
  });
});

test("an alias that took the name when everything was decided leads nowhere: what is behind it stays", async () => {
  const tenantId = randomUUID();
  const name = await putIndex(archive, { tenantId, month: "2020-01", createdAt: old });
  const other = `${archive.prefix}-others-${tenantId}`;
  const replace = async (step: string): Promise<void> => {
    if (step !== "decided") return;
    await request(archive, "DELETE", name);
    await request(archive, "PUT", other, { aliases: { [name]: {} } });
  };
  const report = await sweepOnce(archive, { tenantIds: [tenantId], atStep: replace });
  // Ours is gone, though not by our hand; the index behind the alias is not.
  expect(outcomes(report)).toEqual({ [name]: "deleted: past_retention" });
  expect(await indexExists(archive, other)).toBe(true);
  await request(archive, "DELETE", other);
});

test("what Elasticsearch refuses to delete stays, and the journal says that it was taken back", async () => {
  const tenantId = randomUUID();
  const name = await putIndex(archive, { tenantId, month: "2020-01", createdAt: old });
  const block = async (step: string): Promise<void> => {
    if (step === "decided") await request(archive, "PUT", `${name}/_settings`, { "index.blocks.read_only": true });
  };
  const report = await sweepOnce(archive, { tenantIds: [tenantId], atStep: block });
  expect(report.indices).toMatchObject([
    { name, reason: "delete_refused", detail: expect.stringMatching(/read-only/) },
  ]);
  expect(await journal(archive, tenantId)).toMatchObject([{ state: "retracted", index_name: name }]);
  await request(archive, "PUT", `${name}/_settings`, { "index.blocks.read_only": null });
  expect(outcomes(await sweepOnce(archive, { tenantIds: [tenantId] }))).toEqual({
    [name]: "deleted: past_retention",
  });
});

test("tenants whose ids begin alike are not each other's", async () => {
  for (const table of ["workflow_runs", "workflow_app_logs", "workflow_node_executions"]) {
    await archive.sql.query(`ALTER TABLE ${table} ALTER tenant_id TYPE text`);
  }
  const tenants = ["acme", "acme-eu", "acme-eu-2020", "acme_2", "acm"];
  const names = new Map<string, string>();
  for (const tenantId of tenants) {
    names.set(tenantId, await putIndex(archive, { tenantId, month: "2020-01", createdAt: old }));
  }
  for (const [at, tenantId] of tenants.entries()) {
    const report = await sweepOnce(archive, { tenantIds: [tenantId] });
    expect(outcomes(report)).toEqual({ [names.get(tenantId)!]: "deleted: past_retention" });
    for (const other of tenants.slice(at + 1)) expect(await indexExists(archive, names.get(other)!)).toBe(true);
  }
});
