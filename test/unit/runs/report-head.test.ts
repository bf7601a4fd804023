import { expect, test } from "vitest";
import { type RunEnding, type ReportStatus, withHead } from "../../../src/runs/report-head.ts";

const began = new Date(Date.now() - 1500);

test.each<[ReportStatus, RunEnding]>([
  ["completed", "completed"],
  ["completed_with_errors", "completed_with_errors"],
  ["interrupted", "interrupted"],
  ["failed", "failed"],
  ["dry_run", "dry_run"],
  ["match", "completed"],
  ["mismatch", "completed_with_errors"],
  ["completed_with_findings", "completed_with_errors"],
  ["aborted", "interrupted"],
])("a report whose status is %s ended as %s, and keeps its own word", (status, end) => {
  expect(withHead({ status }, began)).toMatchObject({ status, end });
});

test("what a report lacks is taken from the command", () => {
  const head = withHead({ status: "completed" }, began);
  expect(head).toMatchObject({ runId: null, startedAt: began.toISOString() });
  expect(Date.parse(head.finishedAt)).toBeGreaterThanOrEqual(began.getTime() + 1500);
  expect(head.seconds).toBeGreaterThanOrEqual(1.5);
});

test("what a report says itself stays", () => {
  const own = { runId: "r", startedAt: "2025-01-01T00:00:00.000Z", finishedAt: "2025-01-01T00:00:01.000Z", seconds: 1 };
  expect(withHead({ status: "running", end: "completed", ...own, totals: 3 }, began)).toEqual({
    status: "running",
    end: "completed",
    ...own,
    totals: 3,
  });
});

test("a report that has not noted its end gets the time of now", () => {
  for (const finishedAt of [null, ""])
    expect(withHead({ status: "completed", finishedAt }, began).finishedAt).toMatch(/^\d{4}-/);
});
