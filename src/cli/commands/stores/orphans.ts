import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { toggle, value } from "../../options/flags.ts";
import { wholeNumber } from "../../options/values.ts";
import { printable } from "../../output/printable.ts";
import { printReport } from "../../print-report.ts";
import { layraConfig, timeoutFlag, withStores } from "./connect.ts";

export default command({
  flags: {
    graceHours: value("leave alone what is younger", wholeNumber(0, 24 * 365).default(24)),
    dryRun: toggle("list them, and delete nothing"),
    timeout: timeoutFlag(60),
  },
  config: layraConfig,
  examples: [["stores orphans --dry-run", "what would be deleted"]],
  run: ({ graceHours, dryRun, timeout }, context) =>
    withStores(context, timeout, async (stores) => {
      if (dryRun !== true)
        await context.confirm("Delete temporary knowledge bases that nothing refers to, with files and vectors?");
      const { removeOrphans } = await import("../../../layra/operate/orphans.ts");
      const report = await removeOrphans(
        stores,
        { graceMillis: graceHours * 3_600_000, dryRun: dryRun ?? false },
        context,
      );
      const text = (): string =>
        [
          ...report.removed.map((id) => `Deleted orphaned temp KB: ${printable(id)}`),
          ...report.kept.map((id) => `Kept, because a turn names it now: ${printable(id)}`),
          ...report.failed.map((id) => `⚠ Not deleted whole, the same command goes on: ${printable(id)}`),
          ...(dryRun === true ? report.orphans.map((id) => `Would delete orphaned temp KB: ${printable(id)}`) : []),
          String(dryRun === true ? report.orphans.length : report.removed.length),
        ].join("\n");
      return printReport(context, report, text, report.failed.length > 0 ? exitCodes.findings : exitCodes.done);
    }),
});
