import type { InstallReport } from "../../../../workflow-logs/capture/install.ts";
import { command } from "../../../command.ts";
import { nextStep } from "../../../output/next-step.ts";
import { databaseConfig, withDatabase } from "../../../wiring.ts";

export default command({
  flags: {},
  config: databaseConfig,
  run: (_, context) =>
    withDatabase(context, async (database) => {
      const { installCapture } = await import("../../../../workflow-logs/capture/install.ts");
      const report = await installCapture(database, context);
      context.output.result(report, () => installText(report));
    }),
});

function installText({ added, present, installedAt }: InstallReport): string {
  const tables = added.length === 0 ? present : added;
  return [
    nextStep("capture"),
    `✓ SUCCESS: every write into ${tables.join(", ")} is ${added.length === 0 ? "already " : ""}recorded since ${installedAt}`,
  ].join("\n");
}
