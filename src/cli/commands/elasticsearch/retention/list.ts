import { command } from "../../../command.ts";
import { tenantIds } from "../../../options/scope.ts";
import { databaseConfig, withDatabase } from "../../../wiring.ts";
import { rulesText } from "./rules-text.ts";

export default command({
  flags: { tenantId: tenantIds },
  config: databaseConfig,
  run: (given, context) =>
    withDatabase(context, async (database) => {
      const { retentionRules } = await import("../../../../workflow-logs/retention/rules.ts");
      const { retentionSchedule } = await import("../../../../workflow-logs/retention/schedule/schedule.ts");
      const rules = await retentionRules(database, given.tenantId);
      const found = { ...rules, schedule: await retentionSchedule(database) };
      context.output.result(found, (width) => rulesText(found, width));
    }),
});
