import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { toggle } from "../../options/flags.ts";
import { dataTypeNames, scopeOf, tenantIds as tenantIdFlag } from "../../options/scope.ts";
import { printArchiveReport } from "./print-archive-report.ts";
import { storesConfig, withStores } from "../../wiring.ts";
import { applyDirtyText } from "./apply-dirty-text.ts";

export default command({
  flags: {
    tenantId: tenantIdFlag,
    dataType: dataTypeNames,
    untilEmpty: toggle("go on until nothing is left, waiting for partitions that other runs work on"),
    followDeletes: toggle("delete the documents of rows that the platform deleted; without it they are kept"),
  },
  examples: [["elasticsearch apply-dirty --until-empty", "the last step before reads are switched"]],
  config: storesConfig,
  run: ({ untilEmpty = false, followDeletes = false, ...given }, context) =>
    withStores(context, async (connections) => {
      const { applyDirty } = await import("../../../workflow-logs/dirty/apply-dirty.ts");
      const { dataTypes, tenantIds } = scopeOf(given);
      const scope = { dataTypes, tenantIds };
      const report = await applyDirty(connections, { scope, untilEmpty, followDeletes }, context);
      const code = report.status === "completed_with_errors" ? exitCodes.findings : exitCodes.done;
      return printArchiveReport(context, connections, report, () => applyDirtyText(report), code);
    }),
});
