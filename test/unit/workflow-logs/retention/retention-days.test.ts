import { expect, test } from "vitest";
import type { RetentionRule } from "../../../../src/workflow-logs/state/retention/rules.ts";
import { policyOf } from "../../../../src/workflow-logs/retention/retention-days.ts";

function rule(tenantId: string, dataType: string, days: number | undefined, held = false): RetentionRule {
  return { tenantId, dataType, days, held };
}

const runs = { tenantId: "acme", dataType: "workflow_runs" } as const;

test.each([
  ["the days of the sweep where no rule is", [], { days: 30, isOverride: false, held: false }],
  ["the tenant's", [rule("acme", "all", 90)], { days: 90, isOverride: true, held: false }],
  [
    "the data type's before the tenant's",
    [rule("acme", "all", 90), rule("acme", "workflow_runs", 7)],
    { days: 7, isOverride: true, held: false },
  ],
  ["not another data type's", [rule("acme", "app_logs", 7, true)], { days: 30, isOverride: false, held: false }],
  [
    "not another tenant's, though its id begins alike",
    [rule("acme-eu", "all", 7, true)],
    { days: 30, isOverride: false, held: false },
  ],
  [
    "a hold of the tenant",
    [rule("acme", "all", undefined, true), rule("acme", "workflow_runs", 7)],
    { days: 7, isOverride: true, held: true },
  ],
  [
    "a hold of the data type",
    [rule("acme", "all", 90), rule("acme", "workflow_runs", undefined, true)],
    { days: 90, isOverride: true, held: true },
  ],
])("%s", (_, rules, expected) => {
  expect(policyOf(rules, runs, 30)).toEqual(expected);
});
