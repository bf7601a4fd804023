import { command } from "../../../command.ts";
import { databaseConfig, withState } from "../../../wiring.ts";
import { errorLimit, printErrors } from "../../errors.ts";
import { filterFlags, filterOf } from "./filter.ts";

export default command({
  flags: { ...filterFlags, limit: errorLimit },
  config: databaseConfig,
  run: (given, context) =>
    withState(context, async (state) => {
      const { archiveRecordErrors } = await import("../../../../workflow-logs/state/record-errors.ts");
      await printErrors(context, state && archiveRecordErrors(state), {
        filter: filterOf(given),
        limit: given.limit,
        columns: {
          heads: ["data type", "tenant", "month"],
          cells: ({ dataType, tenantId, month }) => [dataType, tenantId, month ?? undefined],
          drop: ["month", "data type"],
        },
      });
    }),
});
