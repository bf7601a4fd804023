import { command } from "../../command.ts";
import { databaseConfig, withDatabase } from "../../wiring.ts";

export default command({
  flags: {},
  config: databaseConfig,
  run: (_, context) =>
    withDatabase(context, async ({ state }) => {
      const { appliedMigrations, pendingMigrations } = await import("../../../workflow-logs/state/upgrade.ts");
      const applied = await appliedMigrations(state);
      const pending = await pendingMigrations(state);
      const current = applied.at(-1) ?? null;
      context.output.result({ current, applied, pending }, () =>
        [
          `Current: ${current ?? "none"}`,
          `Pending: ${pending.length === 0 ? "none" : `${pending.join(", ")} (app db upgrade)`}`,
        ].join("\n"),
      );
    }),
});
