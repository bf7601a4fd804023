import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { restoreText } from "../../../src/cli/commands/elasticsearch/restore-text.ts";
import { validateText } from "../../../src/cli/commands/elasticsearch/validate-text.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { row, runId, saveRun, tenantId } from "../../support/race-archive.ts";
import { type RequestGate, startRequestGate } from "../../support/request-gate.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { validateOnce } from "../validate/validate-once.ts";
import { restoreOnce } from "./restore-archive.ts";

let archive: TestArchive;
let gate: RequestGate;
beforeEach(async () => {
  archive = await createTestArchive({});
  gate = await startRequestGate(archive.elasticsearchUrl);
  for (const [number, month] of [6, 7, 8, 9].entries())
    for (const day of ["10", "11"])
      await saveRun(archive, 10 * number + Number(day), `2025-0${month}-${day} 10:00`, `of ${month}`);
  await migrateOnce(archive);
  await cleanupOnce(archive, { tenantId });
});
afterEach(async () => {
  gate.release();
  await gate.close();
  await archive.drop();
});

const august = (): string => `${archive.prefix}-workflow-runs-${tenantId}-2025.08`;
const runs = { dataTypes: ["workflow_runs"] } as const;
const [first, second] = [10 * 2 + 10, 10 * 2 + 11]; // of August

async function elasticsearch(method: string, path: string, body?: object): Promise<void> {
  const answer = await fetch(`${archive.elasticsearchUrl}/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

async function expectOthersRestored(): Promise<void> {
  for (const [number, month] of [6, 7, 8, 9].entries())
    if (month !== 8) expect(await row(archive, 10 * number + 11)).toBe(`of ${month}`);
}

describe.each([
  { because: "closed", seal: () => elasticsearch("POST", `${august()}/_close`) },
  {
    because: "alias",
    seal: async () => {
      await elasticsearch("PUT", `${august()}/_block/write`);
      await elasticsearch("POST", `${august()}/_clone/shrink-x-${august()}`);
      const actions = [
        { remove_index: { index: august() } },
        { add: { index: `shrink-x-${august()}`, alias: august() } },
      ];
      await elasticsearch("POST", "_aliases", { actions });
    },
  },
] as const)("a month that is $because", ({ because, seal }) => {
  afterEach(async () => {
    await fetch(`${archive.elasticsearchUrl}/shrink-x-${august()}`, { method: "DELETE" });
  });

  test("is named by restore and validate, which do the others", async () => {
    await seal();
    for (const dryRun of [true, false]) {
      const report = await restoreOnce(archive, tenantId, { ...runs, dryRun });
      expect(report.missing).toMatchObject([{ month: "2025-08", purgedRows: 2, because }]);
      if (!dryRun) expect(report.status).toBe("completed_with_errors");
      expect(restoreText(report)).toMatch(/⚠ workflow_runs 2025-08 was not restored \(2 rows were purged of it\)/);
    }
    await expectOthersRestored();
    expect(await row(archive, first)).toBeUndefined();

    for (const level of ["full", "sample"] as const) {
      const found = await validateOnce(archive, { level, scope: runs, repair: level === "full" });
      expect(found).toMatchObject({ status: "mismatch", unreadable: [{ month: "2025-08", because }], differences: [] });
      expect(validateText(found, false)).toMatch(/2025-08 was not compared[^]*1 months could not be compared/);
    }
  });
});

test.each([
  ["before its documents are looked at", /2025\.08\/_search/],
  ["when they are read", /2025\.08\/_mget/],
])("a month that is swept %s is named, and the others come back", async (_when, request) => {
  const held = gate.hold(request);
  const restoring = restoreOnce({ ...archive, elasticsearchUrl: gate.url }, tenantId, runs);
  await held;
  await elasticsearch("DELETE", august());
  gate.release();
  expect(await restoring).toMatchObject({
    status: "completed_with_errors",
    missing: [{ month: "2025-08", purgedRows: 2, because: "meanwhile" }],
  });
  await expectOthersRestored();
});

test("a document that is deleted while it is restored is named, and the others come back", async () => {
  const held = gate.hold(/2025\.08\/_mget/);
  const restoring = restoreOnce({ ...archive, elasticsearchUrl: gate.url }, tenantId, runs);
  await held;
  await elasticsearch("DELETE", `${august()}/_doc/${runId(first)}`);
  gate.release();
  const report = await restoring;
  expect(report.status).toBe("completed_with_errors");
  expect(report.findings).toMatchObject([
    { id: runId(first), kind: "refused", reason: expect.stringMatching(/deleted from the index while/) },
  ]);
  expect(await row(archive, second)).toBe("of 8");
  await expectOthersRestored();
});
