import { command } from "../../../command.ts";
import { value } from "../../../options/flags.ts";
import { withOperations } from "../connect.ts";
import { isObject, json, oneId, oneTenant } from "../flags.ts";
import { updated } from "./updated.ts";

export default command({
  flags: {
    id: oneId,
    tenantId: oneTenant,
    updates: value("properties as JSON; null takes one away", json("a JSON object", isObject)),
  },
  run: ({ id, tenantId, updates }, context) =>
    withOperations(context, undefined, async (operations) => {
      updated(context, tenantId, id, await operations.updateRecordMetadata(tenantId, id, updates));
    }),
});
