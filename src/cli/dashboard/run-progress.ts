/** How far a run is, as far as its report says so. */
export interface RunProgress {
  readonly done: number;
  /** Null where the report does not say how much there is. */
  readonly total: number | null;
  readonly failed: number;
  readonly bytes: number | null;
  readonly partitions: { readonly done: number; readonly total: number } | null;
}

type Counts = Readonly<Record<string, unknown>>;

/** What each command's report calls the whole and the parts that are done. */
const wholes = ["source", "eligible", "documents", "entries", "scanned"];
const parts = ["migrated", "copied", "skipped", "failed", "checked", "deleted", "restored", "present", "applied"];

/** Null where the report counts nothing. Reports of every pipeline are read, also of older versions. */
export function runProgress(report: Counts | null): RunProgress | null {
  if (report === null) return null;
  const counts = countsOf(report);
  if (counts.length === 0) return null;
  const totals = counts.map((some) => wholes.map((name) => some[name]).find(isCount));
  const done = counts.flatMap((some) => [...parts.map((name) => some[name]), ...keptOf(some)]).filter(isCount);
  if (done.length === 0) return null;
  const partitions = report["partitions"] as Counts | undefined;
  return {
    done: sum(done),
    total: totals.every((total) => total !== undefined) ? sum(totals) : null,
    failed: sum(counts.map((some) => some["failed"]).filter(isCount)),
    bytes: [...counts.map((some) => some["bytes"]), report["bytes"]].find(isCount) ?? null,
    partitions:
      partitions !== undefined && isCount(partitions["done"]) && isCount(partitions["total"])
        ? { done: partitions["done"], total: partitions["total"] }
        : null,
  };
}

/** The totals, or where there are none the counts by data type, table, or of the report itself. */
function countsOf(report: Counts): Counts[] {
  if (isObject(report["totals"])) return [report["totals"]];
  const by = report["byDataType"] ?? report["byTable"];
  if (isObject(by)) return Object.values(by).filter(isObject);
  return isCount(report["migrated"]) ? [report] : [];
}

/** Rows that a purge came to and kept, by the reason. */
function keptOf({ kept }: Counts): unknown[] {
  return isObject(kept) ? Object.values(kept) : [];
}

function isObject(value: unknown): value is Counts {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
