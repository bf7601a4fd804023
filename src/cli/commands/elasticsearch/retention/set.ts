import { z } from "zod";
import { mostRetentionDays } from "../../../../workflow-logs/retention/options.ts";
import { command } from "../../../command.ts";
import { value } from "../../../options/flags.ts";
import { wholeNumber } from "../../../options/values.ts";
import { databaseConfig } from "../../../wiring.ts";
import { changeRule, ruleFlags } from "./rule.ts";

const days = z.union([z.literal("default").transform(() => undefined), wholeNumber(1, mostRetentionDays)]);

export default command({
  flags: { ...ruleFlags, days: value('days, or "default" for those of the sweep again', days) },
  examples: [["elasticsearch retention set --tenant-id T --days 365", "a year for this tenant"]],
  config: databaseConfig,
  run: (given, context) => changeRule(context, given, { action: "set", days: given.days }),
});
