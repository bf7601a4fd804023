import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { createTestArchive, insertRows, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
let index: string;
let month: string;
let tenant: string;
const other = randomUUID();

beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 1 });
  const { rows } = await archive.sql.query<{ tenant: string; month: string }>(
    "select tenant_id::text as tenant, to_char(created_at, 'YYYY-MM') as month from workflow_runs group by 1, 2 order by count(*) desc limit 1",
  );
  ({ tenant, month } = rows[0]!);
  await insertRows(archive.sql, {
    table: "workflow_runs",
    count: 2,
    like: "true",
    createdAt: `timestamp '${month}-10'`,
    set: `tenant_id = '${other}'`,
  });
  await migrateOnce(archive);
  index = `${archive.prefix}-workflow-runs-${tenant}-${month.replace("-", ".")}`;
});
afterEach(async () => {
  for (const block of ["write", "read_only"])
    await fetch(`${archive.elasticsearchUrl}/${archive.prefix}-*/_settings?expand_wildcards=all`, {
      method: "PUT",
      body: JSON.stringify({ [`index.blocks.${block}`]: null }),
      headers: { "content-type": "application/json" },
    });
  await archive.drop();
});

async function elasticsearch(method: string, path: string, body?: object): Promise<void> {
  const answer = await fetch(`${archive.elasticsearchUrl}/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

const seals: Record<string, () => Promise<void>> = {
  "write-blocked": () => elasticsearch("PUT", `${index}/_block/write`),
  "read-only": () => elasticsearch("PUT", `${index}/_block/read_only`),
  closed: () => elasticsearch("POST", `${index}/_close`),
  aliased: async () => {
    await elasticsearch("PUT", `${index}/_block/write`);
    await elasticsearch("POST", `${index}/_clone/shrink-x-${index}`);
    const actions = [{ remove_index: { index } }, { add: { index: `shrink-x-${index}`, alias: index } }];
    await elasticsearch("POST", "_aliases", { actions });
  },
};
const unseal: Record<string, () => Promise<void>> = {
  closed: () => elasticsearch("POST", `${index}/_open`),
  aliased: () => elasticsearch("DELETE", `shrink-x-${index}`),
};

const app = (...args: string[]) => runAppHere(archive, ["elasticsearch", ...args, "--json"]);

async function addRow(ofTenant: string, inMonth: string): Promise<void> {
  const like = `tenant_id = '${ofTenant}'`;
  await insertRows(archive.sql, {
    table: "workflow_runs",
    count: 1,
    like,
    createdAt: `timestamp '${inMonth}-28 23:59:59'`,
  });
}

test.each(Object.keys(seals))(
  "a month that is %s stops nothing: others are copied, what waits is named",
  async (how) => {
    await seals[how]!();
    if (how !== "aliased") expect(await app("migrate")).toMatchObject({ code: 0 }); // nothing waits

    expect((await app("capture", "install")).code).toBe(0);
    await addRow(tenant, month);
    await addRow(other, month);
    await archive.sql.query(`update workflow_runs set error = 'changed' where tenant_id = '${other}'`);

    const end = await app("migrate");
    expect(end.code).toBe(3);
    const report = JSON.parse(end.stdout);
    expect(report).toMatchObject({
      status: "completed_with_errors",
      waiting: [{ dataType: "workflow_runs", tenantId: tenant, month }],
      errors: { total: 0 },
    });
    if (how !== "aliased") expect(report.waiting[0].rows).toBe(1);
    expect(report.totals.migrated).toBeGreaterThanOrEqual(1);
    expect(report.dirty.totals.applied).toBeGreaterThan(0);
    if (how === "aliased") expect(report.waiting[0].hint).toContain(`shrink-x-${index}`);

    const status = JSON.parse((await app("status")).stdout) as { notes: string[] };
    expect(status.notes.join("\n")).toContain(index);
    if (how === "write-blocked") expect(await app("apply-dirty", "--until-empty")).toMatchObject({ code: 3 });

    await (
      unseal[how] ??
      (() => elasticsearch("PUT", `${index}/_settings`, { "index.blocks.write": null, "index.blocks.read_only": null }))
    )();
    expect(await app("migrate")).toMatchObject({ code: 0 });
  },
);
