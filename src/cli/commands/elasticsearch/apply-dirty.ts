import type { Command } from "commander";
import { z } from "zod";
import { applyDirty } from "../../../workflow-logs/dirty/apply-dirty.ts";
import { exitCodes } from "../../exit-codes.ts";
import { dataTypeOption, scopeOf, scopeShape, tenantIdOption } from "../../options.ts";
import { printReport } from "../../print-report.ts";
import { action, type Session } from "../../run-command.ts";
import { withStores } from "../../wiring.ts";
import { applyDirtyText } from "./apply-dirty-text.ts";

const shape = z.object({
  tenantId: scopeShape.tenantId,
  dataType: scopeShape.dataType,
  untilEmpty: z.literal(true).optional(),
  followDeletes: z.literal(true).optional(),
});

export function addApplyDirty(group: Command, session: Session): void {
  group
    .command("apply-dirty")
    .description("Copy again what the platform wrote since it was copied, as capture recorded it")
    .addOption(tenantIdOption())
    .addOption(dataTypeOption())
    .option("--until-empty", "go on until nothing is left, waiting for partitions that other runs work on")
    .option("--follow-deletes", "delete the documents of rows that the platform deleted (default: they are kept)")
    .action(
      action(session, {
        options: shape,
        run: ({ untilEmpty = false, followDeletes = false, ...given }, context) =>
          withStores(context, async (connections) => {
            const { dataTypes, tenantIds } = scopeOf(given);
            const scope = { dataTypes, tenantIds };
            const report = await applyDirty(connections, { scope, untilEmpty, followDeletes }, context);
            const code = report.status === "completed_with_errors" ? exitCodes.findings : exitCodes.done;
            return printReport(context, report, () => applyDirtyText(report), code);
          }),
      }),
    );
}
