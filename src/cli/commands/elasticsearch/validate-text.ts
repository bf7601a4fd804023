import type {
  ReportedDifference,
  SampleReport,
  ValidateReport,
  ValidateTotals,
} from "../../../workflow-logs/validate/report.ts";
import { formatCount, formatDuration, formatPercent } from "../../output/format.ts";
import { nextStep } from "../../output/next-step.ts";
import { printable } from "../../output/printable.ts";
import { formatTable } from "../../output/table.ts";

const differencesShown = 20;

/** The report that a person reads at the end of a validation. */
export function validateText(report: ValidateReport, isCaptured: boolean, width?: number): string {
  const shown = report.differences.slice(0, differencesShown);
  const wrong = wrongOf(report) + report.repaired + report.deleted;
  return [
    report.level === "full" ? "Every row and every document was compared" : "A sample was compared",
    `  ${"Time:".padEnd(16)}${formatDuration(report.seconds * 1000)}`,
    `  ${"Partitions:".padEnd(16)}${formatCount(report.partitions.done)} of ${formatCount(report.partitions.total)}${
      report.level === "full" ? `, ${formatCount(report.partitions.verified)} proven` : ""
    }`,
    ...(report.repaired > 0 ? [`  ${"Repaired:".padEnd(16)}${formatCount(report.repaired)} rows`] : []),
    ...(report.deleted > 0 ? [`  ${"Deleted:".padEnd(16)}${formatCount(report.deleted)} documents`] : []),
    "",
    formatTable(
      ["data type", "PostgreSQL", "Elasticsearch", "checked", "matched", "missing", "different", "extra"],
      Object.entries(report.byDataType).map(([type, totals]) => [
        type,
        totals.source,
        totals.target,
        totals.checked,
        totals.matched,
        totals.missing,
        totals.different,
        totals.extra,
      ]),
      { width, drop: ["matched"] },
    ),
    ...(report.sample === null ? [] : ["", ...sampleLines(report.sample, width)]),
    ...(shown.length === 0 ? [] : ["", "Differences", ...shown.map(differenceLine)]),
    ...(wrong > shown.length && shown.length > 0
      ? [`  ... all of them: select * from log_archive.validation_differences where run_id = '${report.runId}'`]
      : []),
    ...report.countDifferences.map(
      ({ dataType, tenantId, month, source, target }) =>
        `\nNote: ${dataType} ${tenantId} ${month} has ${formatCount(source)} rows and ${formatCount(target)} documents; --full names those that differ.`,
    ),
    ...report.unreadable.map(
      ({ dataType, tenantId, month, because }) =>
        `\n⚠ ${dataType} ${tenantId} ${month} was not compared: ${because === "closed" ? "its index is closed; open it and run the command again." : "the name of its index is an alias of another one; clone that one back to the name."}`,
    ),
    ...notes(report).map((note) => `\nNote: ${printable(note)}`),
    ...(report.status === "match" ? ["", nextStep(isCaptured ? "validate" : "validateWithoutCapture")] : []),
    "",
    verdict(report),
  ].join("\n");
}

function sampleLines(
  { rows, ofRows, documents, ofDocuments, finds }: SampleReport,
  width: number | undefined,
): string[] {
  return [
    `Sample: ${formatCount(rows)} of ${formatCount(ofRows)} rows, ${formatCount(documents)} of ${formatCount(ofDocuments)} documents.`,
    "It misses what it does not draw. It finds, with at least this probability:",
    formatTable(
      ["if there are", "a wrong row", "a document without a row"],
      finds.map((find) => [formatCount(find.wrong), formatPercent(find.rows, 1), formatPercent(find.documents, 1)]),
      { width },
    ),
  ];
}

function differenceLine({
  dataType,
  tenantId,
  month,
  id,
  kind,
  columns,
  reason,
  resolved,
}: ReportedDifference): string {
  const more = [
    ...(columns.length > 0 ? [columns.join(", ")] : []),
    ...(reason === null ? [] : [reason.slice(0, 200)]),
    ...(resolved === null ? [] : [resolved]),
  ];
  const place = [dataType, tenantId, ...(month === null ? [] : [month]), id].join(" ");
  return printable(`  ${kind}: ${place}${more.length > 0 ? ` (${more.join("; ")})` : ""}`);
}

function notes({ byDataType, warnings }: ValidateReport): string[] {
  const [recordErrors, changed, lost, altered, doubled, unproven, kept] = (
    ["recordErrors", "changed", "lost", "altered", "doubled", "unproven", "keptAfterDelete"] as const
  ).map((key) => sumOf(byDataType, (totals) => totals[key]));
  return [
    ...(recordErrors! > 0
      ? [`${formatCount(recordErrors!)} of the missing rows are record errors: app elasticsearch errors list`]
      : []),
    ...(changed! > 0
      ? [
          `${formatCount(changed!)} rows were written meanwhile or wait to be copied, and are not judged; apply-dirty or migrate, then validate again.`,
        ]
      : []),
    ...(lost! > 0
      ? [`${formatCount(lost!)} rows were purged from PostgreSQL and have no document any more: look for a snapshot.`]
      : []),
    ...(altered! > 0
      ? [
          `${formatCount(altered!)} documents are not what they were when their rows were purged: look for a snapshot of before; restore refuses them.`,
        ]
      : []),
    ...(doubled! > 0
      ? [
          `${formatCount(doubled!)} documents are second ones of their id, left behind in another month or tenant: validate --full --delete-extra deletes them, after confirmation, where the one that counts is there.`,
        ]
      : []),
    ...(unproven! > 0
      ? [
          `${formatCount(unproven!)} rows were purged before fingerprints were written, so nothing tells whether their documents were changed since; validate --full --adopt notes what they are now, which proves nothing about before.`,
        ]
      : []),
    ...(kept! > 0
      ? [`${formatCount(kept!)} rows were deleted by the platform and their documents are kept; they are not extra.`]
      : []),
    ...warnings,
  ];
}

function verdict(report: ValidateReport): string {
  if (report.status === "interrupted") return "⚠ WARNING: interrupted; run the same command again to go on";
  const { byDataType, level, countDifferences } = report;
  const checked = sumOf(byDataType, (totals) => totals.checked);
  if (report.status === "match") {
    const proven = level === "full" ? sumOf(byDataType, ({ purged, unproven }) => purged - unproven) : 0;
    const purged = `${formatCount(proven)} documents of purged rows are what they were when the rows were deleted`;
    if (checked === 0) return proven > 0 ? `✓ SUCCESS: ${purged}` : "✓ SUCCESS: there is nothing to compare";
    const matched = sumOf(byDataType, (totals) => totals.matched);
    const rows = `✓ SUCCESS: ${formatCount(matched)} rows checked are in Elasticsearch exactly as they are in PostgreSQL`;
    return proven > 0 ? `${rows}, and ${purged}` : rows;
  }
  const wrong = wrongOf(report);
  if (wrong === 0 && report.unreadable.length > 0)
    return `⚠ WARNING: ${formatCount(report.unreadable.length)} months could not be compared`;
  if (wrong === 0)
    return `⚠ WARNING: ${formatCount(countDifferences.length)} partitions have other counts in the two stores`;
  const mend = `validate ${level === "full" ? "--full " : ""}--repair copies rows that are missing or different`;
  return `⚠ WARNING: ${formatCount(wrong)} differences; ${mend}`;
}

function wrongOf({ byDataType }: ValidateReport): number {
  return sumOf(
    byDataType,
    ({ missing, different, extra, lost, altered, doubled }) => missing + different + extra + lost + altered + doubled,
  );
}

function sumOf(byDataType: ValidateReport["byDataType"], of: (totals: ValidateTotals) => number): number {
  return Object.values(byDataType).reduce((sum, totals) => sum + of(totals), 0);
}
