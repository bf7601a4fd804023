import { command } from "../../../command.ts";
import { withOperations } from "../connect.ts";
import { oneTenant } from "../flags.ts";

export default command({
  flags: { tenantId: oneTenant },
  run: async ({ tenantId }, context) => {
    await context.confirmByTyping(`Delete every record of tenant ${tenantId} from both stores?`, tenantId);
    return withOperations(context, undefined, async (operations) => {
      await operations.deleteAllRecords(tenantId);
      context.output.result({ tenantId }, () => `Tenant ${tenantId} has no records any more.`);
    });
  },
});
