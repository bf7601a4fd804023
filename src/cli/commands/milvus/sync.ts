import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { toggle, value } from "../../options/flags.ts";
import { batchSize, concurrency, oneOf, size } from "../../options/values.ts";
import { formatBytes, formatCount } from "../../output/format.ts";
import { formatTable } from "../../output/table.ts";
import { printReport } from "../../print-report.ts";
import { withVectors } from "./connect.ts";
import { maxRps, tenants } from "./flags.ts";

export default command({
  flags: {
    tenantId: tenants,
    batchSize: value("records of one batch", batchSize.optional(), { shownDefault: 500 }),
    concurrency: value("batches in flight", concurrency.optional(), { shownDefault: 2 }),
    maxRps,
    maxBytesRate: value("at most so many bytes a second, such as 10MB", size.optional()),
    onDimMismatch: value("what is done with vectors of another length", oneOf("error", "pad", "truncate").optional(), {
      shownDefault: "MILVUS_ON_DIM_MISMATCH, or error",
    }),
    restart: toggle("copy again from nothing, whatever was copied before"),
    dryRun: toggle("say what would be copied, and touch nothing"),
  },
  examples: [
    ["milvus sync", "every tenant; those copied before are skipped"],
    ["milvus sync --tenant-id acme --max-rps 500", "one tenant, slowly"],
  ],
  run: ({ tenantId, onDimMismatch, ...given }, context) =>
    withVectors(
      context,
      async (connections) => {
        const { sync } = await import("../../../vectors/sync/sync.ts");
        const request = { ...given, tenants: tenantId.length > 0 ? tenantId : undefined };
        const report = await sync(
          connections,
          { ...request, dryRun: given.dryRun ?? false, restart: given.restart ?? false },
          context,
        );
        const { totals } = report;
        const text = (width?: number): string => {
          const rows = report.tenants.map((one) => [
            one.tenant,
            one.state,
            one.source,
            one.copied,
            one.skipped,
            one.failed,
          ]);
          const errors =
            totals.failed > 0
              ? `\n⚠ WARNING: ${formatCount(totals.failed)} records are not in Milvus: app milvus errors list`
              : "";
          return `${formatTable(["tenant", "state", "in Weaviate", "copied", "before", "failed"], rows, { width })}\n${formatCount(totals.copied)} records copied, ${formatBytes(totals.bytes)}: ${report.status}${errors}`;
        };
        return printReport(context, report, text, totals.failed > 0 ? exitCodes.findings : exitCodes.done);
      },
      onDimMismatch,
    ),
});
