import { command } from "../../../command.ts";
import { formatCount } from "../../../output/format.ts";
import { withVectors } from "../connect.ts";
import { oneTenant } from "../flags.ts";

export default command({
  flags: { tenantId: oneTenant },
  run: ({ tenantId }, context) =>
    withVectors(context, async ({ state }) => {
      const { SqliteRecordErrors } = await import("../../../../stores/sqlite/record-errors.ts");
      const { syncScope } = await import("../../../../vectors/sync/sync.ts");
      await context.confirm(
        `Forget which records of tenant ${tenantId} Milvus has refused? verify will still find them.`,
      );
      const discarded = await new SqliteRecordErrors(state).discard({ scopes: [syncScope(tenantId)] });
      context.output.result({ discarded }, () => `${formatCount(discarded)} record errors forgotten.`);
    }),
});
