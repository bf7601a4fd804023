import { z } from "zod";
import { command } from "../../../command.ts";
import { repeated, value } from "../../../options/flags.ts";
import { formatCount } from "../../../output/format.ts";
import { withOperations } from "../connect.ts";
import { oneTenant } from "../flags.ts";

export default command({
  flags: {
    id: repeated("these records", z.array(z.string().min(1)).min(1)),
    tenantId: oneTenant,
    recordType: value("for devices that sync later", z.string().optional()),
    s3Path: repeated("of the ids, in their order", z.array(z.string()).default([])),
  },
  run: ({ id, tenantId, recordType, s3Path }, context) =>
    withOperations(context, undefined, async (operations) => {
      await operations.deleteRecordsByIds(tenantId, id, recordType ?? null, s3Path);
      context.output.result({ deleted: id }, () => `${formatCount(id.length)} records are gone.`);
    }),
});
