import type { Command } from "commander";
import { z } from "zod";
import { stateDatabase } from "../../../workflow-logs/state/database.ts";
import { upgradeState } from "../../../workflow-logs/state/upgrade.ts";
import { action, type Session } from "../../run-command.ts";
import { withDatabase } from "../../wiring.ts";

export function addDbUpgrade(group: Command, session: Session): void {
  group
    .command("upgrade")
    .description("Bring the schema log_archive to what this program needs; the platform's tables stay as they are")
    .action(
      action(session, {
        options: z.object({}),
        run: (_, context) =>
          withDatabase(context, async (pool) => {
            const applied = await upgradeState(stateDatabase(pool));
            context.output.result({ applied }, () =>
              applied.length === 0 ? "✓ The schema log_archive is up to date." : `✓ Applied ${applied.join(", ")}.`,
            );
          }),
      }),
    );
}
