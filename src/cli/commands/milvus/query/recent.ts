import { command } from "../../../command.ts";
import { withOperations } from "../connect.ts";
import { oneTenant, store, topK } from "../flags.ts";
import { printFound } from "./print.ts";

export default command({
  flags: { tenantId: oneTenant, topK, store },
  run: ({ tenantId, topK: limit, store: named }, context) =>
    withOperations(context, named, async (operations) => {
      printFound(context, await operations.getMostRecentRecords(tenantId, limit));
    }),
});
