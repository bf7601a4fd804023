import { z } from "zod";
import { command } from "../../../command.ts";
import { repeated } from "../../../options/flags.ts";
import { withOperations } from "../connect.ts";
import { oneTenant, store } from "../flags.ts";
import { printFound } from "./print.ts";

export default command({
  flags: { id: repeated("of these records", z.array(z.string().min(1)).min(1)), tenantId: oneTenant, store },
  run: ({ id, tenantId, store: named }, context) =>
    withOperations(context, named, async (operations) => {
      printFound(context, await operations.getRecordsByIds(tenantId, id));
    }),
});
