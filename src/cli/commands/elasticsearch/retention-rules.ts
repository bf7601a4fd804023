import type { Command } from "commander";
import { z } from "zod";
import { stateDatabase } from "../../../workflow-logs/state/database.ts";
import { dataTypes } from "../../../workflow-logs/partitions/log-types.ts";
import { mostRetentionDays } from "../../../workflow-logs/retention/options.ts";
import { changeRules, retentionRules, type RuleChange } from "../../../workflow-logs/retention/rules.ts";
import { retentionSchedule } from "../../../workflow-logs/retention/schedule.ts";
import type { CommandContext } from "../../context.ts";
import { operator } from "../../operator.ts";
import { dataTypeOption, scopeOf, scopeShape, tenantIdOption, wholeNumber } from "../../options.ts";
import { action, type Session } from "../../run-command.ts";
import { withDatabase } from "../../wiring.ts";
import { changedText, rulesText } from "./retention-rules-text.ts";

const shape = z.object({
  tenantId: scopeShape.tenantId.refine((ids) => ids.length > 0, "name at least one tenant"),
  dataType: scopeShape.dataType,
});
const days = z.union([z.literal("default").transform(() => undefined), wholeNumber(1, mostRetentionDays)]);
const reason = z.string().max(1000).optional();

/** `retention set|hold|release|list`: what goes before the days of the sweep. */
export function addRetentionRules(retention: Command, session: Session): void {
  addScope(retention.command("set").description("Set how many days the logs of a tenant stay in Elasticsearch"))
    .requiredOption("--days <days>", 'days, or "default" for those of the sweep again')
    .action(
      action(session, {
        options: shape.extend({ days }),
        run: (given, context) => change(context, { ...ruleOf(given), action: "set", days: given.days }),
      }),
    );
  addScope(retention.command("hold").description("Keep all that a tenant has in Elasticsearch until it is released"))
    .option("--reason <text>", "why, for the history")
    .action(
      action(session, {
        options: shape.extend({ reason }),
        run: (given, context) => change(context, { ...ruleOf(given), action: "hold", reason: given.reason }),
      }),
    );
  addScope(retention.command("release").description("End a hold, as it was made: of one data type or of all"))
    .option("--reason <text>", "why, for the history")
    .action(
      action(session, {
        options: shape.extend({ reason }),
        run: (given, context) => change(context, { ...ruleOf(given), action: "release", reason: given.reason }),
      }),
    );
  retention
    .command("list")
    .description("Show days and holds that are set, every change of them, and the schedule")
    .addOption(tenantIdOption())
    .action(
      action(session, {
        options: z.object({ tenantId: scopeShape.tenantId }),
        run: (given, context) =>
          withDatabase(context, async (pool) => {
            const rules = await retentionRules({ state: stateDatabase(pool) }, given.tenantId);
            const found = { ...rules, schedule: await retentionSchedule({ postgres: pool }) };
            context.output.result(found, () => rulesText(found));
          }),
      }),
    );
}

function change(context: CommandContext, rule: RuleChange): Promise<void> {
  return withDatabase(context, async (pool) => {
    const changed = await changeRules({ postgres: pool, state: stateDatabase(pool) }, rule);
    context.output.result(changed, () => changedText(changed));
  });
}

function ruleOf(given: z.infer<typeof shape>): Pick<RuleChange, "tenantIds" | "dataTypes" | "changedBy"> {
  const { tenantIds, dataTypes: types } = scopeOf(given);
  return {
    tenantIds,
    dataTypes: types.length === dataTypes.length ? undefined : types,
    changedBy: operator(),
  };
}

function addScope(command: Command): Command {
  return command.addOption(tenantIdOption().makeOptionMandatory()).addOption(dataTypeOption());
}
