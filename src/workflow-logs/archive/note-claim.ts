import type { ArchiveFacts } from "./archive.ts";

/** Says what an operator should know of the claim that was just made. */
export function noteClaim({ row, here, claims }: ArchiveFacts, note: (text: string) => void): void {
  const promotion = row && promotionOf(row.timeline, here.timeline);
  if (promotion !== undefined) note(promotion);
  if (claims === undefined)
    note(
      "Without the privilege manage_index_templates it cannot be seen whether another database writes into the archive.",
    );
}

/**
 * A promoted standby is still the original; a recovered backup of one that lives looks the same until one of the two
 * has written.
 */
export function promotionOf(before: number | null, now: number | null): string | undefined {
  if (before === null || now === null || before === now) return undefined;
  return `PostgreSQL was promoted or recovered since the last run (timeline ${before} -> ${now}). If the database it was copied from is still in use, let only one of the two write.`;
}
