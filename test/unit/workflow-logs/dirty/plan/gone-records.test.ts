import { expect, test } from "vitest";
import type { DirtyRecord, Place } from "../../../../../src/workflow-logs/dirty/plan/dirty-records.ts";
import { explainGone, planDeleted, planVanished } from "../../../../../src/workflow-logs/dirty/plan/gone-records.ts";

const january: Place = { tenantId: "acme", month: "2025-01", createdAt: "2025-01-05 00:00:00.000000" };
const february: Place = { tenantId: "acme", month: "2025-02", createdAt: "2025-02-05 00:00:00.000000" };

function record(id: string, more: Partial<DirtyRecord> = {}): DirtyRecord {
  return { id, tenantId: "acme", versions: ["1"], places: [january, february], isDeleted: false, ...more };
}

test("a delete that can be read by now explains why the row is gone", () => {
  const deleted = record("a", { versions: ["1", "2"], isDeleted: true });
  expect(explainGone([record("a")], [deleted])).toEqual({ deleted: [deleted], vanished: [] });
});

test("a record with other news is left to the next pass", () => {
  const written = record("a", { versions: ["1", "2"] });
  expect(explainGone([record("a")], [written])).toEqual({ deleted: [], vanished: [] });
});

test("a record without news has vanished, also when its entries were settled meanwhile", () => {
  expect(explainGone([record("a"), record("b")], [record("a")])).toEqual({
    deleted: [],
    vanished: [record("a"), record("b")],
  });
});

test("the document of a purged row stays where it is, and goes from every other place", () => {
  const sameMonth: Place = { tenantId: "acme", month: "2025-02" };
  expect(planVanished(record("a"), sameMonth)).toMatchObject({
    remove: [january],
    dropped: "purged",
    isGone: true,
    isDeletion: false,
  });
});

test("nothing is removed for a row that is gone without a word", () => {
  expect(planVanished(record("a"), undefined)).toMatchObject({ remove: [], dropped: "vanished", isDeletion: false });
});

test("a deletion that is followed takes every document, one that is not keeps the one chosen", () => {
  expect(planDeleted(record("a"), undefined, true)).toMatchObject({ remove: [january, february], isDeletion: true });
  expect(planDeleted(record("a"), february, false)).toMatchObject({
    remove: [january],
    keep: february,
    isDeletion: false,
  });
});
