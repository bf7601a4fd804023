import { z } from "zod";
import type { BackupReport } from "../../../layra/backup/backup.ts";
import type { VerifyReport } from "../../../layra/backup/verify.ts";
import { parseKeep } from "../../../layra/backup/retention.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { toggle, value } from "../../options/flags.ts";
import { anyText, concurrency, option, size } from "../../options/values.ts";
import { formatBytes, formatCount } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { formatTable } from "../../output/table.ts";
import { printReport } from "../../print-report.ts";
import { onlyFlag, timeoutFlag } from "./connect.ts";
import { backupConfig, openPlace, placeOption, withStoresAndHome } from "./place.ts";

export default command({
  flags: {
    action: value("verify reads a backup back", z.enum(["verify"]).optional(), { offered: ["verify"] }),
    to: value("folder, or s3://bucket/prefix, in which each backup gets a folder of its own", placeOption.optional()),
    from: value("for verify: the same place", placeOption.optional()),
    id: value("for verify: this backup instead of the newest finished one", anyText.optional()),
    only: onlyFlag,
    keep: value(
      "afterwards delete backups that none of these rules keeps, such as 7d,4w,12m",
      option("a list such as 7d,4w,12m", parseKeep).optional(),
    ),
    concurrency: value("parts in flight", concurrency.default(4)),
    maxBytesRate: value("at most so many bytes a second, such as 10MB", size.optional()),
    restart: toggle("begin a new one, though one was stopped"),
    dryRun: toggle("say what there is, and write nothing"),
    timeout: timeoutFlag(60),
  },
  config: backupConfig,
  check: (schema) =>
    schema.refine((given) => (given.action === "verify" ? (given.from ?? given.to) : given.to) !== undefined, {
      message: "--to is missing: where the backups are; for verify --from",
    }),
  examples: [
    ["stores backup --to /backup/layra --keep 7d,4w,12m", "every night by cron; the same command again goes on"],
    ["stores backup verify --from /backup/layra", "read the newest one back"],
  ],
  run: async (options, context) => {
    const place = await openPlace(
      context,
      (options.action === "verify" ? options.from : undefined) ?? options.to ?? options.from!,
    );
    if (options.action === "verify") {
      const { newestBackup } = await import("../../../layra/backup/manifest.ts");
      const { verifyBackup } = await import("../../../layra/backup/verify.ts");
      const report = await verifyBackup(place, await newestBackup(place, options.id), context.signal);
      const isWhole = report.status === "ok" && report.dangling.total === 0;
      return printReport(context, report, () => verifyText(report), isWhole ? exitCodes.done : exitCodes.findings);
    }
    return withStoresAndHome(context, options.timeout, async (stores, home) => {
      const { backup } = await import("../../../layra/backup/backup.ts");
      const { only, keep, restart = false, dryRun = false, concurrency: atOnce, maxBytesRate } = options;
      const report = await backup(
        stores,
        place,
        home,
        { only, keep, restart, dryRun, concurrency: atOnce, bytesPerSecond: maxBytesRate },
        context,
      );
      const code = report.dangling.total > 0 ? exitCodes.findings : exitCodes.done;
      return printReport(context, report, (width) => backupText(report, width), code);
    });
  },
});

function backupText(report: BackupReport, width: number | undefined): string {
  const rows = report.sections.map((one) => [one.store, one.name, one.records, one.parts, formatBytes(one.bytes)]);
  const { records, bytes } = report.totals;
  const last = {
    dry_run: "Dry run: nothing was written.",
    interrupted: `Stopped. The same command goes on with ${report.id}.`,
    completed: `✓ ${report.place}/${report.id}: ${formatCount(records)} records, ${formatBytes(bytes)}`,
    completed_with_errors: `⚠ ${report.place}/${report.id}: ${formatCount(records)} records, ${formatBytes(bytes)}, and ${formatCount(report.dangling.total)} names of what is not there`,
  };
  return [
    formatTable(["store", "section", "records", "parts", "size"], rows, { width }),
    ...danglingLines(report.dangling),
    ...report.forgotten.map((id) => `Deleted the backup ${id}, which no rule keeps`),
    last[report.status],
  ].join("\n");
}

function verifyText(report: VerifyReport): string {
  const all = `${formatCount(report.parts)} files, ${formatCount(report.records)} records, ${formatBytes(report.bytes)}`;
  return [
    ...report.damage.first.map((text) => `✗ ${printable(text)}`),
    ...danglingLines(report.dangling),
    report.status === "ok"
      ? `✓ ${report.place}/${report.id} is whole: ${all}`
      : `✗ ${report.place}/${report.id} is damaged: ${formatCount(report.damage.total)} files`,
  ].join("\n");
}

function danglingLines({ total, first }: BackupReport["dangling"]): string[] {
  const lines = first
    .slice(0, 10)
    .map((one) => `⚠ ${printable(one.namedBy)} names ${printable(one.missing)}, which ${one.store} did not have`);
  return total > lines.length ? [...lines, `⚠ and ${formatCount(total - lines.length)} more`] : lines;
}
