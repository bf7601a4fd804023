import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { formatTable } from "../../output/table.ts";
import { chosen, layraConfig, onlyFlag, timeoutFlag, withStores } from "./connect.ts";

export default command({
  flags: { only: onlyFlag, timeout: timeoutFlag(5) },
  config: layraConfig,
  examples: [["stores health --json", "for monitoring: exit code 3 when a store does not answer"]],
  run: ({ only, timeout }, context) =>
    withStores(context, timeout, async (stores) => {
      const { healthOf, isHealthy } = await import("../../../layra/operate/health.ts");
      const health = await healthOf(stores, 1000 * timeout, chosen(only));
      context.output.result(health, (width) => {
        const names = Object.keys(health).filter((name) => !name.endsWith("_error"));
        const rows = names.map((name) => {
          const error = (health as Record<string, boolean | string>)[`${name}_error`];
          return [error === undefined ? "✓" : "✗", name, error === undefined ? "answers" : String(error)];
        });
        return formatTable(["", "store", "state"], rows, { width });
      });
      return isHealthy(health) ? exitCodes.done : exitCodes.findings;
    }),
});
