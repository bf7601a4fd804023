import { command } from "../../../command.ts";
import { databaseConfig } from "../../../wiring.ts";
import { changeRule, reasonFlag, ruleFlags } from "./rule.ts";

export default command({
  flags: { ...ruleFlags, reason: reasonFlag },
  config: databaseConfig,
  run: (given, context) => changeRule(context, given, { action: "hold", reason: given.reason }),
});
