import { platformStorage } from "../../../config/sections/platform-storage.ts";
import { restoreDefaults } from "../../../workflow-logs/restore/options.ts";
import { hasFindings } from "../../../workflow-logs/restore/report.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { toggle } from "../../options/flags.ts";
import { orderedDates, scopeFlags, scopeOf, soleTenant } from "../../options/scope.ts";
import { printArchiveReport } from "./print-archive-report.ts";
import { storesConfig, withFileStorage, withStores } from "../../wiring.ts";
import { restoreText } from "./restore-text.ts";

/** Asks for no confirmation: rows are only added, and only those that the archive has and PostgreSQL lacks. */
export default command({
  flags: {
    ...scopeFlags,
    tenantId: soleTenant,
    includeDeleted: toggle("also rows that the platform itself deleted, as far as capture recorded it"),
    acceptUnproven: toggle("also documents that were changed or added since their rows were purged, as they are now"),
    dryRun: toggle("say what would be brought back, and touch nothing"),
  },
  check: (schema) => schema.refine(...orderedDates),
  examples: [
    ["elasticsearch restore --tenant-id T --start-date 2025-01-01 --end-date 2025-01-31", "January of a tenant"],
  ],
  config: { ...storesConfig, storage: platformStorage },
  run: ({ dryRun = false, includeDeleted = false, acceptUnproven = false, ...given }, context) =>
    withStores(context, async (stores) => {
      const { restore } = await import("../../../workflow-logs/restore/restore.ts");
      const canHaveFiles = context.config.storage.kind !== "unsupported";
      const connections = await withFileStorage(context, stores, canHaveFiles);
      const { tenantIds, ...scope } = scopeOf(given);
      const options = { ...restoreDefaults, ...scope, tenantId: tenantIds[0]!, dryRun, includeDeleted, acceptUnproven };
      const report = await restore(connections, options, context);
      const code = hasFindings(report) ? exitCodes.findings : exitCodes.done;
      return printArchiveReport(context, stores, report, (width) => restoreText(report, width), code);
    }),
});
