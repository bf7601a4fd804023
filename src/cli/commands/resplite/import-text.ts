import prettyBytes from "pretty-bytes";
import type { BulkReport } from "../../../resplite/import/bulk.ts";
import type { ImportReport } from "../../../resplite/import/import-report.ts";

/** The counters of a run, one line each kind. */
export function countersText(report: ImportReport): string[] {
  const { dirty } = report;
  return [
    `  scanned=${report.scanned} migrated=${report.migrated} skipped=${report.skipped} errors=${report.errors} cursor=${report.cursor}`,
    `  migrated bytes ${prettyBytes(report.bytes)}, ${report.keysPerSecond.toFixed(0)} keys/s, ${prettyBytes(report.bytesPerSecond)}/s, ${report.seconds.toFixed(1)} s`,
    `  dirty keys: seen=${dirty.seen} applied=${dirty.applied} deleted=${dirty.deleted} waiting=${dirty.waiting}`,
    `  checkpoint ${report.checkpointAt}`,
    ...report.recentErrors.map(({ at, stage, key, message }) => `  error ${at} ${stage} ${key ?? "-"}: ${message}`),
  ];
}

/** What of the source has no place in the file. */
export function lossText({ hashesWithFieldTtls }: BulkReport): string[] {
  return hashesWithFieldTtls === 0
    ? []
    : [
        `⚠ ${hashesWithFieldTtls} hashes have fields with a time to live of their own: these fields stay for good in the file`,
      ];
}
