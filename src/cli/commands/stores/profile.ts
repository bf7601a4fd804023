import { z } from "zod";
import { command } from "../../command.ts";
import { value } from "../../options/flags.ts";
import { formatTable } from "../../output/table.ts";
import { layraConfig, timeoutFlag, withStores } from "./connect.ts";

export default command({
  flags: { user: value("by name", z.string().min(1)), timeout: timeoutFlag(30) },
  config: layraConfig,
  run: ({ user, timeout }, context) =>
    withStores(context, timeout, async (stores) => {
      const { userProfile } = await import("../../../layra/operate/profile.ts");
      const profile = await userProfile(stores, user);
      context.output.result(profile, (width) => {
        const rows = [
          ...profile.knowledge_bases.map((one) => ["knowledge base", one.knowledge_base_id, one.knowledge_base_name]),
          ...profile.conversations.map((one) => ["conversation", one.conversation_id, one.conversation_name]),
          ...profile.workflows.map((one) => ["workflow", one.workflow_id, one.workflow_name]),
        ];
        const models = (profile.model_config?.["models"] as unknown[] | undefined)?.length ?? 0;
        const head = `${user}: ${models} models${profile.custom_nodes === null ? "" : ", own nodes"}`;
        return rows.length === 0 ? head : `${head}\n${formatTable(["what", "id", "name"], rows, { width })}`;
      });
    }),
});
