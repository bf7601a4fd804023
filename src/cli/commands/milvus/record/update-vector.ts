import { command } from "../../../command.ts";
import { value } from "../../../options/flags.ts";
import { withOperations } from "../connect.ts";
import { isObject, isVector, json, oneId, oneTenant } from "../flags.ts";
import { updated } from "./updated.ts";

export default command({
  flags: {
    id: oneId,
    vector: value("as JSON: [0.1, 0.2, ...]", json("a JSON list of numbers", isVector)),
    tenantId: oneTenant,
    updates: value("other properties, as JSON", json("a JSON object", isObject).optional()),
  },
  run: ({ id, vector, tenantId, updates }, context) =>
    withOperations(context, undefined, async (operations) => {
      updated(context, tenantId, id, await operations.updateRecordVector(tenantId, id, vector, updates));
    }),
});
