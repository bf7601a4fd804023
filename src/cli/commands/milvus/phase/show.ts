import { command } from "../../../command.ts";
import { formatTable } from "../../../output/table.ts";
import { withVectors } from "../connect.ts";
import { tenants } from "../flags.ts";
import { phaseText } from "./text.ts";

export default command({
  flags: { tenantId: tenants },
  run: ({ tenantId }, context) =>
    withVectors(context, async ({ state }) => {
      const { showPhases } = await import("../../../../vectors/phases/show-phases.ts");
      const shown = await showPhases(state, tenantId);
      context.output.result({ tenants: shown }, (width) => {
        const rows = shown.map((one) => [
          one.tenant,
          phaseText(one),
          one.backlog.dirty + one.backlog.writing,
          one.backlog.refused,
          one.backlog.conflict,
          one.proof?.status,
          one.comparisons.reduce((sum, { different }) => sum + different, 0),
        ]);
        const heads = ["tenant", "phase", "to be copied", "refused", "given up", "last verify", "reads that differed"];
        if (rows.length === 0) return "Every tenant is in phase setup: Weaviate alone is written and read.";
        const reads = shown.flatMap(({ tenant, comparisons }) =>
          comparisons.map((one) => {
            const count = Math.max(1, one.same + one.different);
            return [
              tenant,
              one.operation,
              one.same,
              one.different,
              one.failed,
              one.fellBack,
              (one.weaviateMillis / count).toFixed(1),
              (one.milvusMillis / count).toFixed(1),
            ];
          }),
        );
        const compared = ["tenant", "reads", "same", "different", "failed", "fell back", "ms Weaviate", "ms Milvus"];
        return [
          formatTable(heads, rows, { width }),
          ...(reads.length > 0 ? ["", formatTable(compared, reads, { width })] : []),
        ].join("\n");
      });
    }),
});
