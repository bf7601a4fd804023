import { command } from "../../../command.ts";
import { value } from "../../../options/flags.ts";
import { wholeNumber } from "../../../options/values.ts";
import { formatTable } from "../../../output/table.ts";
import { withVectors } from "../connect.ts";
import { oneTenant } from "../flags.ts";

export default command({
  flags: { tenantId: oneTenant, limit: value("show at most so many", wholeNumber(1, 10_000).default(20)) },
  run: ({ tenantId, limit }, context) =>
    withVectors(context, async ({ state }) => {
      const { SqliteRecordErrors } = await import("../../../../stores/sqlite/record-errors.ts");
      const { reportErrors } = await import("../../../../runs/record-errors.ts");
      const { syncScope } = await import("../../../../vectors/sync/sync.ts");
      const { listStuck } = await import("../../../../vectors/state/write-log.ts");
      const copy = await reportErrors(new SqliteRecordErrors(state), { scopes: [syncScope(tenantId)] }, limit);
      const writes = (await listStuck(state, tenantId, limit)).filter((one) => one.state !== "dirty");
      context.output.result({ ...copy, writes }, (width) =>
        formatTable(
          ["record", "type", "reason"],
          [
            ...copy.errors.map(({ id, type, reason }) => [id, type, reason]),
            ...writes.map(({ id, state: kind, reason }) => [id, kind, reason ?? ""]),
          ],
          { width },
        ),
      );
    }),
});
