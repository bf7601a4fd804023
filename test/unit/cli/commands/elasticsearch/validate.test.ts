import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { validateText } from "../../../../../src/cli/commands/elasticsearch/validate-text.ts";
import { runCli } from "../../../../../src/cli/run-cli.ts";
import { dataTypes } from "../../../../../src/workflow-logs/partitions/log-types.ts";
import { validateDefaults } from "../../../../../src/workflow-logs/validate/options.ts";
import { type PartitionResult, ValidateCounters } from "../../../../../src/workflow-logs/validate/report.ts";
import { fakeHost } from "../../../../support/fake-host.ts";

const env = { DATABASE_URL: "postgres://localhost:1/none", ELASTICSEARCH_HOSTS: "http://localhost:1" };

describe("elasticsearch validate refuses, before anything is touched,", () => {
  test.each([
    [["--full", "--sample-size", "10"], /--full: compares every row/],
    [["--sample-size", "0"], /--sample-size: "0" is not a whole number/],
    [["--sample-size", "2000000"], /--sample-size/],
    [["--tenant-id", "a,b"], /--tenant-id/],
    [["--start-date", "2025-02-01", "--end-date", "2025-01-01"], /--end-date/],
    [["--delete-extra"], /no terminal to ask on/],
  ])("%j", async (args, message) => {
    const host = fakeHost(["elasticsearch", "validate", ...args], { env });
    expect(await runCli(host)).toBe(2);
    expect(host.err()).toMatch(message);
  });

  test("nothing of --delete-extra on a terminal or with --yes", async () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true });
    for (const host of [
      fakeHost(["elasticsearch", "validate", "--delete-extra"], { env, stdin: terminal }),
      fakeHost(["--yes", "elasticsearch", "validate", "--delete-extra"], { env }),
    ]) {
      expect(await runCli(host)).toBe(1); // there is no server
    }
  });
});

const nothing: PartitionResult = {
  source: 0,
  target: 0,
  checked: 0,
  missing: 0,
  different: 0,
  extra: 0,
  keptAfterDelete: 0,
  changed: 0,
  lost: 0,
  altered: 0,
  doubled: 0,
  purged: 0,
  unproven: 0,
  recordErrors: 0,
  repaired: 0,
  deleted: 0,
};
const partition = { dataType: "workflow_runs", tenantId: "t", month: "2025-09" } as const;

function counted(result: Partial<PartitionResult>, level: "sample" | "full" = "full"): ValidateCounters {
  const counters = new ValidateCounters({ ...validateDefaults, level, scope: { dataTypes, tenantIds: ["t"] } });
  counters.found(partition, { ...nothing, ...result });
  return counters;
}

describe("the report", () => {
  test("adds up, and each kind of difference is a mismatch but rows written meanwhile", () => {
    const report = counted({ source: 10, target: 9, checked: 10, missing: 1, different: 2, changed: 3 }).snapshot();
    expect(report).toMatchObject({
      tenantId: "t",
      status: "mismatch",
      byDataType: { workflow_runs: { source: 10, matched: 4 }, app_logs: { source: 0, matched: 0 } },
    });
    for (const kind of ["missing", "different", "extra", "lost"])
      expect(counted({ checked: 1, [kind]: 1 }).snapshot().status).toBe("mismatch");
    expect(counted({ checked: 1, changed: 1, repaired: 1, deleted: 1 }).snapshot()).toMatchObject({
      status: "match",
      repaired: 1,
      deleted: 1,
    });
  });

  test("what a partition is found to be replaces what it was before", () => {
    const counters = counted({ checked: 5, missing: 5 });
    counters.found(partition, { ...nothing, checked: 5, repaired: 5 });
    expect(counters.snapshot()).toMatchObject({
      status: "match",
      byDataType: { workflow_runs: { checked: 5, missing: 0 } },
    });
  });

  test("for a person: counts, differences by id and columns, and a verdict in the last line", () => {
    const counters = counted({ source: 2000, target: 1999, checked: 2000, missing: 1, different: 1, recordErrors: 1 });
    counters.report.differences = [
      {
        ...partition,
        id: "row-1",
        kind: "different",
        columns: ["error", "outputs"],
        reason: null,
        resolved: null,
      },
      { ...partition, id: "row-2\u001b[2J", kind: "missing", columns: [], reason: "record error x: y", resolved: null },
    ];
    const text = validateText(counters.snapshot(), true);
    expect(text).toMatch(/workflow_runs +2,000 +1,999 +2,000 +1,998 +1 +1 +0/);
    expect(text).toContain("different: workflow_runs t 2025-09 row-1 (error, outputs)");
    expect(text).toContain("missing: workflow_runs t 2025-09 row-2\\u001b[2J (record error x: y)");
    expect(text).toContain("1 of the missing rows are record errors");
    expect(text.split("\n").at(-1)).toMatch(/^⚠ WARNING: 2 differences; .*--full --repair/);
    expect(
      validateText(counted({ source: 3, target: 3, checked: 3 }).snapshot(), true)
        .split("\n")
        .at(-1),
    ).toMatch(/^✓ SUCCESS: 3 rows/);
  });
});

test("what comes next depends on whether writes are recorded (F13)", () => {
  const report = counted({ source: 3, target: 3, checked: 3 }).snapshot();
  expect(validateText(report, true)).toMatch(/Next: app elasticsearch apply-dirty/);
  expect(validateText(report, false)).not.toMatch(/apply-dirty/);
  expect(validateText(report, false)).toMatch(/Next: .*capture is not installed/);
});
