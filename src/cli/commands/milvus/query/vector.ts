import { command } from "../../../command.ts";
import { toggle, value } from "../../../options/flags.ts";
import { option } from "../../../options/values.ts";
import { withOperations } from "../connect.ts";
import { isVector, json, oneTenant, store, topK } from "../flags.ts";
import { printFound } from "./print.ts";

const share = option("a number from 0 to 1", (text) => {
  const number = /^\d(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return number >= 0 && number <= 1 ? number : undefined;
});

export default command({
  flags: {
    vector: value("as JSON: [0.1, 0.2, ...]", json("a JSON list of numbers", isVector)),
    tenantId: oneTenant,
    topK,
    similarity: value("leave out what is less similar, from 0 to 1", share.optional(), { shownDefault: "0.5" }),
    includeVector: toggle("show the vectors too"),
    store,
  },
  run: ({ vector, tenantId, topK: limit, similarity, includeVector = false, store: named }, context) =>
    withOperations(context, named, async (operations) => {
      printFound(context, await operations.queryByVector(tenantId, vector, { topK: limit, similarity, includeVector }));
    }),
});
