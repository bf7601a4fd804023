import type { RetentionSchedule } from "../../../../workflow-logs/retention/schedule/schedule.ts";
import { command } from "../../../command.ts";
import { databaseConfig, withDatabase } from "../../../wiring.ts";

export default command({
  flags: {},
  config: databaseConfig,
  run: (_, context) =>
    withDatabase(context, async (database) => {
      const { unscheduleRetention } = await import("../../../../workflow-logs/retention/schedule/schedule.ts");
      const removed = await unscheduleRetention(database);
      context.output.result({ removed }, () => unscheduledText(removed));
    }),
});

function unscheduledText(removed: RetentionSchedule | null): string {
  if (removed === null) return "✓ SUCCESS: nothing was scheduled";
  const underWay = removed.lastRun?.state === "running" ? "; the sweep under way goes on (app runs abort ends it)" : "";
  return `✓ SUCCESS: ${removed.cron} (${removed.timezone}) is no longer scheduled${underWay}`;
}
