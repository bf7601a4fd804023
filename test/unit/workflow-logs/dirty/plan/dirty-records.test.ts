import fc from "fast-check";
import { expect, test } from "vitest";
import type { DirtyEntry } from "../../../../../src/workflow-logs/state/dirty/dirty-rows.ts";
import { dirtyRecords } from "../../../../../src/workflow-logs/dirty/plan/dirty-records.ts";

function entry(version: number, id: string, more: Partial<DirtyEntry> = {}): DirtyEntry {
  const nowhere = { oldTenantId: null, oldMonth: null, oldCreatedAt: null };
  return { version: String(version), id, operation: "U", tenantId: "acme", ...nowhere, ...more };
}

const was = (tenantId: string, month: string): Partial<DirtyEntry> => ({
  oldTenantId: tenantId,
  oldMonth: month,
  oldCreatedAt: `${month}-05 00:00:00.000000`,
});

test("several entries of one record are one, with every version, in the order in which it was last heard of", () => {
  const records = dirtyRecords([entry(1, "a"), entry(2, "b"), entry(3, "a", { tenantId: "other" })]);
  expect(records.map(({ id }) => id)).toEqual(["b", "a"]);
  expect(records[1]).toMatchObject({ tenantId: "other", versions: ["1", "3"], places: [], isDeleted: false });
});

test("the places where its document may lie are each named once, the newest first", () => {
  const [record] = dirtyRecords([
    entry(1, "a", was("acme", "2025-01")),
    entry(2, "a", was("acme", "2025-02")),
    entry(3, "a"),
    entry(4, "a", was("acme", "2025-01")),
  ]);
  expect(record!.places.map(({ month }) => month)).toEqual(["2025-01", "2025-02"]);
});

test("a record is deleted when the last write of its row was a delete; a touch is no write", () => {
  const isDeleted = (...operations: DirtyEntry["operation"][]): boolean =>
    dirtyRecords(operations.map((operation, at) => entry(at, "a", { operation })))[0]!.isDeleted;
  expect(isDeleted("I", "D")).toBe(true);
  expect(isDeleted("D", "T")).toBe(true);
  expect(isDeleted("D", "I")).toBe(false);
  expect(isDeleted("D", "U", "T")).toBe(false);
  expect(isDeleted("T")).toBe(false);
});

test("no entry is lost and none is counted twice", () => {
  const ids = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 30 });
  fc.assert(
    fc.property(ids, (given) => {
      const records = dirtyRecords(given.map((id, at) => entry(at, id)));
      expect(records.flatMap(({ versions }) => versions).toSorted((x, y) => Number(x) - Number(y))).toEqual(
        given.map((_, at) => String(at)),
      );
      expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
    }),
  );
});
