import { command } from "../../../command.ts";
import { value } from "../../../options/flags.ts";
import { withOperations } from "../connect.ts";
import { isObject, json, oneTenant } from "../flags.ts";

export default command({
  flags: { record: value("as JSON", json("a JSON object", isObject)), tenantId: oneTenant },
  run: ({ record, tenantId }, context) =>
    withOperations(context, undefined, async (operations) => {
      const uniqueid = await operations.insertRecord(tenantId, record);
      context.output.result({ uniqueid }, () => uniqueid);
    }),
});
