import { command } from "../../command.ts";
import { toggle } from "../../options/flags.ts";
import { layraConfig, timeoutFlag, withStores } from "./connect.ts";

export default command({
  flags: { dryRun: toggle("say what would be changed"), timeout: timeoutFlag(600) },
  config: layraConfig,
  run: ({ dryRun = false, timeout }, context) =>
    withStores(context, timeout, async (stores) => {
      const { fixChatflowIndex } = await import("../../../layra/operate/chatflow-index.ts");
      const fix = await fixChatflowIndex(await stores.mongodb(), dryRun);
      const done = (what: string): string => (dryRun ? `Would be ${what}` : `Was ${what}`);
      context.output.result(fix, () =>
        [
          fix.created
            ? `${done("made")}: chatflows (workflow_id, last_modify_at)`
            : "chatflows (workflow_id, last_modify_at) is there.",
          ...fix.dropped.map((name) => `${done("dropped")}: ${name}`),
        ].join("\n"),
      );
    }),
});
