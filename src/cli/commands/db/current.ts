import type { Command } from "commander";
import { z } from "zod";
import { stateDatabase } from "../../../workflow-logs/state/database.ts";
import { appliedMigrations, pendingMigrations } from "../../../workflow-logs/state/upgrade.ts";
import { action, type Session } from "../../run-command.ts";
import { withDatabase } from "../../wiring.ts";

export function addDbCurrent(group: Command, session: Session): void {
  group
    .command("current")
    .description("The version of the schema log_archive")
    .action(
      action(session, {
        options: z.object({}),
        run: (_, context) =>
          withDatabase(context, async (pool) => {
            const state = stateDatabase(pool);
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
      }),
    );
}
