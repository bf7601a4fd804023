import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { chosen, layraConfig, onlyFlag, timeoutFlag, withStores } from "./connect.ts";
import { statsText } from "./stats-text.ts";

export default command({
  flags: { only: onlyFlag, timeout: timeoutFlag(60) },
  config: layraConfig,
  examples: [["stores stats --only redis", "memory, keys of each database, and large keys"]],
  run: ({ only, timeout }, context) =>
    withStores(context, timeout, async (stores) => {
      const { statsOf } = await import("../../../layra/operate/stats.ts");
      const answers = await statsOf(stores, 1000 * timeout, chosen(only));
      const document = Object.fromEntries(
        Object.entries(answers).map(([name, answer]) => [name, answer.ok ? answer.value : { error: answer.error }]),
      );
      context.output.result(document, (width) => statsText(answers, width));
      return Object.values(answers).every(({ ok }) => ok) ? exitCodes.done : exitCodes.findings;
    }),
});
