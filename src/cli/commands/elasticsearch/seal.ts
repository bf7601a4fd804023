import type { SealOptions } from "../../../workflow-logs/seal/options.ts";
import { tiers } from "../../../workflow-logs/seal/options.ts";
import { hasFaults } from "../../../workflow-logs/seal/report.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { toggle, value } from "../../options/flags.ts";
import { dataTypeNames, scopeOf, tenantIds } from "../../options/scope.ts";
import { oneOf, wholeNumber } from "../../options/values.ts";
import { storesConfig, withStores } from "../../wiring.ts";
import { printArchiveReport } from "./print-archive-report.ts";
import { sealText } from "./seal-text.ts";

export default command({
  flags: {
    tenantId: tenantIds,
    dataType: dataTypeNames,
    olderThan: value("days since the end of the month", wholeNumber(1, 36_500).default(30)),
    replicas: value("of each shard from then on; 0 only where no row was purged", wholeNumber(0, 10).optional(), {
      shownDefault: "as they are",
    }),
    tier: value("data tier to move to, else the next warmer one that has nodes", oneOf(...tiers).optional(), {
      shownDefault: "as it is",
    }),
    dryRun: toggle("say which months would be sealed and why the others stay, and change nothing"),
  },
  examples: [
    ["elasticsearch seal --dry-run", "which months are proven and old enough"],
    ["elasticsearch seal --older-than 90 --tier cold", "merge, block and move what is older than 90 days"],
  ],
  config: storesConfig,
  run: (given, context) =>
    withStores(context, async (connections) => {
      const { seal } = await import("../../../workflow-logs/seal/seal.ts");
      const options: SealOptions = {
        ...scopeOf({ tenantId: given.tenantId, dataType: given.dataType }),
        olderThanDays: given.olderThan,
        replicas: given.replicas,
        tier: given.tier,
        dryRun: given.dryRun ?? false,
      };
      const report = await seal(connections, options, context);
      const code = hasFaults(report) ? exitCodes.findings : exitCodes.done;
      return printArchiveReport(context, connections, report, (width) => sealText(report, width), code);
    }),
});
