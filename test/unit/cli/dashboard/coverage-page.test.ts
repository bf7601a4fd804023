import { expect, test } from "vitest";
import { CoverageIndex, type CoverageQuery } from "../../../../src/cli/dashboard/coverage-page.ts";
import type { CoverageRow } from "../../../../src/workflow-logs/status.ts";

const asked: CoverageQuery = { dataType: "workflow_runs", tenant: "", from: 0, limit: 50, monthsBack: 0, months: 24 };

function row(tenantId: string, month: string, more: Partial<CoverageRow> = {}): CoverageRow {
  return { dataType: "workflow_runs", tenantId, month, state: "copied", sourceRows: 1, targetDocuments: 1, ...more };
}

test("20,000 tenants by three years: a page is small whatever is asked, and each tenant is on exactly one", () => {
  const tenants = Array.from({ length: 20_000 }, (_, at) => `tenant-${String(at).padStart(5, "0")}`);
  const months = Array.from(
    { length: 36 },
    (_, at) => `20${24 + Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, "0")}`,
  );
  const coverage = tenants.flatMap((tenantId) => months.map((month) => row(tenantId, month)));
  const index = new CoverageIndex({ coverage, counts: "exact" });
  const seen: string[] = [];
  for (let from = 0; from < tenants.length; from += 100) {
    const page = index.page({ ...asked, from, limit: 100, months: 36 });
    if (from === 0) expect(JSON.stringify(page).length).toBeLessThan(150_000);
    seen.push(...page.rows.map(({ tenantId }) => tenantId));
  }
  expect(seen).toEqual(tenants);
  const few = index.page({ ...asked, tenant: "0042", monthsBack: 35 });
  expect(few).toMatchObject({ tenantsInAll: 20_000, tenantsFound: 12, months: ["2024-01"], monthsInAll: 36 });
  expect(few.byState).toEqual({ copied: 720_000 });
}, 60_000);

test("a month without logs is empty, and a state finds the tenants that have it", () => {
  const coverage = [
    row("a", "2026-01", { state: "verified" }),
    row("b", "2026-02", { state: "copying", sourceRows: null }),
    row("b", "2026-01", { dataType: "app_logs" }),
  ];
  const index = new CoverageIndex({ coverage, counts: "estimated" });
  expect(index.page(asked).rows).toEqual([
    { tenantId: "a", cells: [null, ["verified", 1, 1]] },
    { tenantId: "b", cells: [["copying", null, 1], null] },
  ]);
  expect(index.page({ ...asked, state: "copying" }).rows.map(({ tenantId }) => tenantId)).toEqual(["b"]);
  expect(index.page({ ...asked, dataType: "node_executions" })).toMatchObject({ rows: [], months: [], byState: {} });
  expect(index.page({ ...asked, from: 5 }).rows).toEqual([]);
});
