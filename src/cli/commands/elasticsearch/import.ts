import { dataTypes } from "../../../workflow-logs/partitions/log-types.ts";
import type { ImportReport } from "../../../workflow-logs/export/import-logs.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { toggle, value } from "../../options/flags.ts";
import { oneTenant } from "../../options/scope.ts";
import { anyText, oneOf } from "../../options/values.ts";
import { formatCount } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { formatTable } from "../../output/table.ts";
import { printArchiveReport } from "./print-archive-report.ts";
import { storesConfig, withStores } from "../../wiring.ts";

/** Asks for no confirmation: documents are only added, and only those that the archive lacks. */
export default command({
  flags: {
    from: value("a folder that export has written, or one file of NDJSON", anyText),
    tenantId: oneTenant,
    dataType: value("of a file whose name does not say it", oneOf(...dataTypes).optional()),
    dryRun: toggle("say what would be imported, and write no document"),
  },
  examples: [["elasticsearch import 2025 --tenant-id T --dry-run", "what the archive lacks of an export"]],
  config: storesConfig,
  run: ({ from, tenantId, dataType, dryRun = false }, context) =>
    withStores(context, async (connections) => {
      const { importLogs } = await import("../../../workflow-logs/export/import-logs.ts");
      const report = await importLogs(connections, { from, tenantId, dataType, dryRun }, context);
      const code = report.different + report.refused > 0 ? exitCodes.findings : exitCodes.done;
      return printArchiveReport(context, connections, report, (width) => importText(report, width), code);
    }),
});

function importText(report: ImportReport, width?: number): string {
  const { status, files, findings, imported, different, refused } = report;
  const heads = [
    "file",
    "lines",
    status === "dry_run" ? "would import" : "imported",
    "present",
    "different",
    "refused",
  ];
  return [
    formatTable(
      heads,
      files.map((one) => [one.file, one.read, one.imported, one.present, one.different, one.refused]),
      { width },
    ),
    ...findings.map(({ file, line, id, kind, reason }) =>
      printable(`  ${kind}: ${file}:${line}${id === null ? "" : ` ${id}`}: ${reason}`),
    ),
    "",
    verdict(status, imported, different + refused),
  ].join("\n");
}

function verdict(status: ImportReport["status"], imported: number, findings: number): string {
  if (status === "interrupted")
    return "⚠ WARNING: interrupted; what was imported stays. Run the same command again to go on.";
  if (findings > 0) return `⚠ WARNING: ${formatCount(findings)} lines are not in the archive as they are in the files`;
  if (status === "dry_run") return `Would import ${formatCount(imported)} documents.`;
  return imported === 0
    ? "✓ SUCCESS: every document was there"
    : `✓ SUCCESS: ${formatCount(imported)} documents imported. Next: app elasticsearch validate --full`;
}
