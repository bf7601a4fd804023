import { AppError } from "../../../../engine/errors.ts";
import { command } from "../../../command.ts";
import { withOperations } from "../connect.ts";
import { oneId, oneTenant, store } from "../flags.ts";
import { printFound } from "./print.ts";

export default command({
  flags: { id: oneId, tenantId: oneTenant, store },
  run: ({ id, tenantId, store: named }, context) =>
    withOperations(context, named, async (operations) => {
      const found = await operations.getRecordById(tenantId, id);
      if (found === undefined)
        throw new AppError("no_record", `Tenant ${tenantId} has no record ${JSON.stringify(id)}.`, {
          hint: "Look whether the tenant and the id are written as they are stored: app milvus query recent lists ids.",
        });
      printFound(context, [found]);
    }),
});
