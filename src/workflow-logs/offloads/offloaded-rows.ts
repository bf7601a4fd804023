import type { BinaryTuples } from "../../stores/postgres/copy/binary-tuples.ts";
import type { RowLayout } from "../documents/row-layout.ts";

/** An offload row and its file, every column as text, as they stand in `archive.offloads`. */
export interface Offload {
  readonly id?: string | null;
  readonly type?: string | null;
  readonly file?: {
    readonly tenant_id?: string | null;
    readonly key?: string | null;
    readonly size?: string | null;
    readonly hash?: string | null;
  } | null;
}

/** A record of a batch that has offload rows, and where in its document the parts are. */
export interface OffloadedRow {
  readonly at: number;
  readonly offloads: readonly Offload[];
  /** Without the quotes. */
  readonly searchTextStart: number;
  /** -1 where the document has no search text. */
  readonly searchTextEnd: number;
  readonly stableEnd: number;
}

/** None also for a row that is gone. */
export function offloadsOf(tuple: BinaryTuples, { offloadsField }: RowLayout): readonly Offload[] {
  if (offloadsField === undefined || tuple.isNull(offloadsField)) return [];
  return JSON.parse(tuple.text(offloadsField)) as Offload[];
}

/** What the contents take by the sizes that their files should have. */
export function contentBytes(offloads: readonly Offload[]): number {
  return offloads.reduce((sum, offload) => sum + (fileSize(offload) ?? 0), 0);
}

/** Undefined where the file's row says none. */
export function fileSize({ file }: Offload): number | undefined {
  const text = file?.size;
  return typeof text === "string" && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
