import type { Command } from "commander";
import { z } from "zod";
import { restoreDefaults } from "../../../workflow-logs/restore/options.ts";
import { hasFindings } from "../../../workflow-logs/restore/report.ts";
import { restore } from "../../../workflow-logs/restore/restore.ts";
import { exitCodes } from "../../exit-codes.ts";
import {
  dataTypeOption,
  endDateOption,
  orderedDates,
  scopeOf,
  scopeShape,
  startDateOption,
  tenantIdOption,
} from "../../options.ts";
import { printReport } from "../../print-report.ts";
import { action, type Session } from "../../run-command.ts";
import { withFileStorage, withStores } from "../../wiring.ts";
import { restoreText } from "./restore-text.ts";

/** Asks for no confirmation: rows are only added, and only those that the archive has and PostgreSQL lacks. */
export function addRestore(group: Command, session: Session): void {
  group
    .command("restore")
    .description(
      "Bring archived rows of a tenant back into PostgreSQL; rows that are there are compared and left alone",
    )
    .addOption(tenantIdOption())
    .addOption(startDateOption())
    .addOption(endDateOption())
    .addOption(dataTypeOption())
    .option("--dry-run", "say what would be brought back, and touch nothing")
    .action(
      action(session, {
        options: restoreShape,
        run: ({ dryRun, ...given }, context) =>
          withStores(context, async (stores) => {
            const canHaveFiles = context.config().storage.kind !== "unsupported";
            const connections = withFileStorage(context, stores, canHaveFiles);
            const { tenantIds, ...scope } = scopeOf(given);
            const report = await restore(
              connections,
              { ...restoreDefaults, ...scope, tenantId: tenantIds[0]!, dryRun: dryRun ?? false },
              context,
            );
            const code = hasFindings(report) ? exitCodes.findings : exitCodes.done;
            return printReport(context, report, () => restoreText(report), code);
          }),
      }),
    );
}

const restoreShape = z
  .object({ ...scopeShape, dryRun: z.literal(true).optional() })
  .refine(({ tenantId }) => new Set(tenantId).size === 1, {
    path: ["tenantId"],
    message: "give exactly one tenant",
    when: ({ issues }) => !issues.some(({ path }) => path?.[0] === "tenantId"),
  })
  .refine(...orderedDates);
