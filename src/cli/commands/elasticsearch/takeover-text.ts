import type { TakeoverReport } from "../../../workflow-logs/archive/takeover.ts";
import { formatCount } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";

const shown = 20;

export function takeoverText(report: TakeoverReport): string {
  const { dryRun, reasons, indices, displaced, copiedAgain, leftAlone, archiveBefore, archiveAfter } = report;
  const would = dryRun ? "would be" : "were";
  if (reasons.length === 0) {
    return [
      `The archive ${archiveAfter} is this database's already: there is nothing to take over.`,
      ...rest(leftAlone),
    ].join("\n");
  }
  return [
    "Why:",
    ...reasons.map((reason) => `  - ${printable(reason)}`),
    `${formatCount(indices.length)} indices ${would} marked as those of this database's archive${indices.length > 0 ? ":" : "."}`,
    ...indices
      .slice(0, shown)
      .map(({ name, takenFrom }) => `  ${name}${takenFrom === undefined ? "" : ` (of the archive ${takenFrom})`}`),
    ...(indices.length > shown ? [`  and ${formatCount(indices.length - shown)} more`] : []),
    ...displaced.map((id) => `Whoever has the archive ${id} is refused from then on.`),
    ...(copiedAgain > 0
      ? [
          `${formatCount(copiedAgain)} rows are copied again by the next migrate; validate --full --delete-extra then deletes documents in wrong months.`,
        ]
      : []),
    ...rest(leftAlone),
    dryRun
      ? "Nothing was changed."
      : `✓ SUCCESS: this database has the archive ${archiveAfter}${archiveAfter === archiveBefore ? "" : ` (before: ${archiveBefore})`}.`,
  ].join("\n");
}

function rest(leftAlone: readonly string[]): string[] {
  if (leftAlone.length === 0) return [];
  return [
    `${formatCount(leftAlone.length)} indices of such names are left alone, for this database does not know them; --index NAME takes one: ${leftAlone.slice(0, shown).join(", ")}`,
  ];
}
