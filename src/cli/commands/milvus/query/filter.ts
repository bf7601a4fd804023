import { command } from "../../../command.ts";
import { toggle, value } from "../../../options/flags.ts";
import { withOperations } from "../connect.ts";
import { isObject, json, oneTenant, store, topK } from "../flags.ts";
import { printFound } from "./print.ts";

export default command({
  flags: {
    filter: value(
      'as JSON: {"recordType": "note", "tagIds": ["t1"]}',
      json("a JSON object of fields and values", isObject),
    ),
    tenantId: oneTenant,
    topK,
    connected: toggle("show the records that the found ones are connected with too"),
    store,
  },
  run: ({ filter, tenantId, topK: limit, connected = false, store: named }, context) =>
    withOperations(context, named, async (operations) => {
      printFound(context, await operations.queryByFilter(tenantId, filter, limit, connected));
    }),
});
