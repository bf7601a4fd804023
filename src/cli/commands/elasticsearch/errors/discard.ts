import { command } from "../../../command.ts";
import { databaseConfig, withState } from "../../../wiring.ts";
import { discardErrors } from "../../errors.ts";
import { filterFlags, filterOf } from "./filter.ts";

export default command({
  flags: filterFlags,
  config: databaseConfig,
  run: (given, context) =>
    withState(context, async (state) => {
      const { archiveRecordErrors } = await import("../../../../workflow-logs/state/record-errors.ts");
      const errors = state && archiveRecordErrors(state);
      await discardErrors(context, errors, filterOf(given), "Their rows stay in PostgreSQL and are not archived.");
    }),
});
