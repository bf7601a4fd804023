import type { ConfirmedRange } from "../../state/partitions/checkpoints.ts";

/** Whether a checkpoint covers the row, so that its document is among those counted as copied. */
export function isConfirmed(ranges: readonly ConfirmedRange[], id: string, createdAt: string | undefined): boolean {
  if (createdAt === undefined) return false;
  return ranges.some(
    (range) =>
      createdAt >= range.start && (createdAt < range.createdAt || (createdAt === range.createdAt && id <= range.id)),
  );
}
