import { type Budget, isSoonUsedUp, paceText, wayOutOfDisk, wayOutOfShards } from "../../../workflow-logs/budget.ts";
import type { StatusReport } from "../../../workflow-logs/status.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { tenantIds } from "../../options/scope.ts";
import { formatBytes, formatCount } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { formatTable } from "../../output/table.ts";
import { storesConfig, withStores } from "../../wiring.ts";
import { runDocument } from "../runs/run-document.ts";
import { runsTable } from "../runs/run-text.ts";
import { exactFlag } from "./migrate/migrate-options.ts";
import { captureLine } from "./capture/text.ts";
import { scheduleLines } from "./retention/schedule-text.ts";

export default command({
  flags: { tenantId: tenantIds, ...exactFlag },
  config: storesConfig,
  run: (given, context) =>
    withStores(context, async (connections) => {
      const { status } = await import("../../../workflow-logs/status.ts");
      const report = await status(connections, given.tenantId, given.exact === true);
      const { sourceSchema } = connections.archive;
      const document = { ...report, runs: report.runs.map(runDocument), sourceSchema };
      context.output.result(document, (width) => statusText(report, sourceSchema, width));
      return report.lostCopies.length > 0 ? exitCodes.findings : exitCodes.done;
    }),
});

const coverageShown = 60;

function budgetLines({ shards, disk }: Budget): string[] {
  const shardText = `Shards: ${formatCount(shards.left)} left${paceText(shards, formatCount)}`;
  const diskText = `Disk: ${formatBytes(disk.left)} left below the high watermark${paceText(disk, formatBytes)}`;
  return [
    isSoonUsedUp(shards) ? `⚠ WARNING: ${shardText}. ${wayOutOfShards}` : shardText,
    isSoonUsedUp(disk) ? `⚠ WARNING: ${diskText}. ${wayOutOfDisk}` : diskText,
  ];
}

function sealedLine({ months, unfinished, bytesSaved }: StatusReport["sealed"]): string[] {
  const halfWay = `${formatCount(unfinished)} are half sealed: run app elasticsearch seal again`;
  if (months + unfinished === 0) return [];
  const done = `Sealed months: ${formatCount(months)}, ${formatBytes(Math.max(0, bytesSaved))} saved in primaries`;
  return [unfinished === 0 ? done : `⚠ WARNING: ${done}; ${halfWay}`];
}

function statusText(report: StatusReport, sourceSchema: string | null, width?: number): string {
  const {
    elasticsearch,
    postgres,
    archive,
    templates,
    indices,
    coverage,
    capture,
    schedule,
    recordErrors,
    runs,
    notes,
  } = report;
  const bytes = indices.reduce((sum, index) => sum + index.bytes, 0);
  const errors = Object.values(recordErrors).reduce((sum, count) => sum + count, 0);
  const shown = coverage.slice(0, coverageShown);
  return [
    `Elasticsearch ${elasticsearch.version}: ${elasticsearch.health}, ${elasticsearch.nodes} node${elasticsearch.nodes === 1 ? "" : "s"}, ${formatCount(elasticsearch.shards.used)} of ${formatCount(elasticsearch.shards.limit)} shards used`,
    ...(report.budget === null ? [] : budgetLines(report.budget)),
    `PostgreSQL ${postgres.version}${sourceSchema === null ? "" : `, log tables in the schema ${printable(sourceSchema)}`}`,
    ...(archive.id === null
      ? []
      : [`Archive ${archive.id}${archive.database === null ? "" : ` of the database ${printable(archive.database)}`}`]),
    ...report.lostCopies.map((lost) => `⚠ WARNING: ${printable(lost.message)}`),
    ...archive.problems.map((problem) => `⚠ WARNING: ${printable(problem)}`),
    `Templates: ${templates.map(({ name, state }) => `${name} ${state}`).join(", ")}`,
    `Log tables: ${report.tables.map(({ dataType, rows, bytes: size }) => `${dataType} about ${formatCount(rows)} rows, ${formatBytes(size)}`).join("; ")}`,
    `Indices: ${formatCount(indices.length)}, ${formatBytes(bytes)}`,
    ...sealedLine(report.sealed),
    `Record errors: ${formatCount(errors)}${errors > 0 ? " (app elasticsearch errors list)" : ""}`,
    captureLine(capture),
    scheduleLines(schedule),
    "",
    coverage.length === 0
      ? "No workflow logs in PostgreSQL and none in Elasticsearch."
      : formatTable(
          [
            "data type",
            "tenant",
            "month",
            report.counts === "exact" ? "in PostgreSQL" : "in PostgreSQL, about",
            "in Elasticsearch",
            "state",
          ],
          shown.map((row) => [
            row.dataType,
            row.tenantId,
            row.month,
            row.sourceRows ?? undefined,
            row.targetDocuments,
            row.state,
          ]),
          { width },
        ),
    ...(coverage.length > shown.length
      ? [`... and ${formatCount(coverage.length - shown.length)} more partitions (all of them with --json)`]
      : []),
    ...(runs.length > 0 ? ["", "Runs", runsTable(runs, width)] : []),
    ...notes.map((note) => `Note: ${printable(note)}`),
  ].join("\n");
}
