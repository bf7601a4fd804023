import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { toggle, value } from "../../options/flags.ts";
import { oneOf } from "../../options/values.ts";
import { formatTable } from "../../output/table.ts";
import { printReport } from "../../print-report.ts";
import { withVectors } from "./connect.ts";
import { maxRps, tenants } from "./flags.ts";

export default command({
  flags: {
    tenantId: tenants,
    maxRps,
    repair: toggle("copy records that are missing or different, and compare them again"),
    deleteExtra: toggle("delete records that only the second store has, after confirmation"),
    onDimMismatch: value("how vectors of another length were copied", oneOf("error", "pad", "truncate").optional()),
  },
  examples: [["milvus verify --tenant-id acme --repair", "every record; what is missing or different is copied"]],
  run: async ({ tenantId, onDimMismatch, ...given }, context) => {
    if (given.deleteExtra)
      await context.confirm("Delete records that only the second store has? They may be the only copy.");
    return withVectors(
      context,
      async (connections) => {
        const { verify } = await import("../../../vectors/verify/verify.ts");
        const request = {
          tenants: tenantId.length > 0 ? tenantId : undefined,
          repair: given.repair ?? false,
          deleteExtra: given.deleteExtra ?? false,
          maxRps: given.maxRps,
        };
        const report = await verify(connections, request, context);
        const text = (width?: number): string => {
          const rows = report.tenants.map((one) => [
            one.tenant,
            one.status,
            one.source,
            one.target,
            one.matched,
            one.missing,
            one.extra,
            one.different,
            one.repaired,
          ]);
          const heads = ["tenant", "result", "source", "target", "equal", "missing", "extra", "different", "repaired"];
          const differences = report.tenants.flatMap(({ tenant, differences: some }) =>
            some.slice(0, 5).map(({ id, kind, fields }) => `  ${tenant} ${id}: ${kind} ${fields.join(", ")}`),
          );
          return [formatTable(heads, rows, { width }), ...differences].join("\n");
        };
        return printReport(context, report, text, report.result === "mismatch" ? exitCodes.findings : exitCodes.done);
      },
      onDimMismatch,
    );
  },
});
