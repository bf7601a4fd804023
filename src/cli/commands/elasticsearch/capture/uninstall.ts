import type { UninstallReport } from "../../../../workflow-logs/capture/uninstall.ts";
import { command } from "../../../command.ts";
import { formatCount } from "../../../output/format.ts";
import { databaseConfig, withDatabase } from "../../../wiring.ts";

export default command({
  flags: {},
  config: databaseConfig,
  run: (_, context) =>
    withDatabase(context, async (database) => {
      const { captureStatus } = await import("../../../../workflow-logs/capture/status.ts");
      const { uninstallCapture } = await import("../../../../workflow-logs/capture/uninstall.ts");
      const { dirtyRows } = await captureStatus(database);
      if (dirtyRows > 0)
        await context.confirm(
          `Forget ${formatCount(dirtyRows)} writes that wait to be copied? app elasticsearch apply-dirty --until-empty copies them first.`,
        );
      const report = await uninstallCapture(database, context);
      context.output.result(report, () => uninstallText(report));
    }),
});

function uninstallText({ removed, discarded }: UninstallReport): string {
  const what = removed.length === 0 ? "there were no triggers" : `no triggers on ${removed.join(", ")} any more`;
  return `✓ SUCCESS: ${what}${discarded === 0 ? "" : `; ${formatCount(discarded)} waiting writes forgotten`}`;
}
