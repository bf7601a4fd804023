import { z } from "zod";
import { command } from "../../../command.ts";
import { toggle, value } from "../../../options/flags.ts";
import { withOperations } from "../connect.ts";
import { oneTenant, store, topK } from "../flags.ts";
import { printFound } from "./print.ts";

export default command({
  flags: {
    keyword: value("the text, as it is written", z.string().min(1)),
    tenantId: oneTenant,
    topK,
    idsOnly: toggle("show ids alone"),
    store,
  },
  run: ({ keyword, tenantId, topK: limit, idsOnly = false, store: named }, context) =>
    withOperations(context, named, async (operations) => {
      printFound(context, await operations.queryByKeyword(tenantId, keyword, limit, !idsOnly));
    }),
});
