import { command } from "../../command.ts";
import { databaseConfig, withDatabase } from "../../wiring.ts";

export default command({
  flags: {},
  config: databaseConfig,
  run: (_, context) =>
    withDatabase(context, async ({ state }) => {
      const { upgradeAndHandOver } = await import("../../../workflow-logs/state/upgrade.ts");
      const applied = await upgradeAndHandOver(state);
      context.output.result({ applied }, () =>
        applied.length === 0 ? "✓ The schema log_archive is up to date." : `✓ Applied ${applied.join(", ")}.`,
      );
    }),
});
