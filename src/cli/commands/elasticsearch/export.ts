import type { ExportReport } from "../../../workflow-logs/export/export-logs.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { value } from "../../options/flags.ts";
import { orderedDates, scopeFlags, scopeOf, soleTenant } from "../../options/scope.ts";
import { filterFlags, filtersOf } from "../../options/search-filters.ts";
import { anyText, oneOf } from "../../options/values.ts";
import { formatBytes, formatCount } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { formatTable } from "../../output/table.ts";
import { storesConfig, withStores } from "../../wiring.ts";
import { printArchiveReport } from "./print-archive-report.ts";

export default command({
  flags: {
    query: value('only logs with these words and "phrases", as search finds them', anyText.optional()),
    ...scopeFlags,
    tenantId: soleTenant,
    ...filterFlags,
    output: value("write the files into this folder, which is made when it is not there", anyText),
    format: value("whole documents, or their columns as a table", oneOf("ndjson", "csv", "parquet").default("ndjson")),
    compress: value("how the files are compressed", oneOf("gzip", "zstd", "none").default("gzip")),
  },
  check: (schema) => schema.refine(...orderedDates),
  examples: [
    ["elasticsearch export --tenant-id T --output 2025 --start-date 2025-01-01 --end-date 2025-12-31", "a year, whole"],
    ["elasticsearch export --tenant-id T --output failed --failed --format csv --compress none", "for a spreadsheet"],
    [
      "elasticsearch export --tenant-id T --output lake --format parquet --compress zstd",
      "for DuckDB, Spark and alike",
    ],
  ],
  config: storesConfig,
  run: ({ query = "", output: folder, format, compress: compression, ...given }, context) =>
    withStores(context, async (connections) => {
      const { exportLogs } = await import("../../../workflow-logs/export/export-logs.ts");
      const options = { scope: scopeOf(given), filters: filtersOf(given), query, folder, format, compression };
      const report = await exportLogs(connections, options, context);
      return printArchiveReport(
        context,
        connections,
        report,
        (width) => exportText(report, folder, width),
        exitCodes.done,
      );
    }),
});

function exportText({ status, files, documents, bytes }: ExportReport, folder: string, width?: number): string {
  const rows = files.map(({ file, documents: of, bytes: size }) => [file, of, formatBytes(size)]);
  return [
    files.length === 0 ? "There is no index of this tenant in this range." : "",
    ...(files.length === 0 ? [] : [formatTable(["file", "documents", "size"], rows, { width }), ""]),
    status === "interrupted"
      ? "⚠ WARNING: interrupted; run the same command again to go on."
      : `✓ SUCCESS: ${formatCount(documents)} documents in ${printable(folder)}, ${formatBytes(bytes)}`,
  ].join("\n");
}
