import { command } from "../../../command.ts";
import { formatCount } from "../../../output/format.ts";
import { databaseConfig, withState } from "../../../wiring.ts";
import { filterFlags, filterOf } from "./filter.ts";

export default command({
  flags: filterFlags,
  config: databaseConfig,
  run: (given, context) =>
    withState(context, async (state) => {
      const { reportErrors } = await import("../../../../runs/record-errors.ts");
      const { archiveRecordErrors } = await import("../../../../workflow-logs/state/record-errors.ts");
      const filter = filterOf(given);
      const errors = state && archiveRecordErrors(state);
      const total = errors === undefined ? 0 : (await reportErrors(errors, filter, 1)).total;
      if (total > 0)
        await context.confirm(
          `Forget ${formatCount(total)} record errors? Their rows stay in PostgreSQL and are not archived.`,
        );
      const discarded = (await errors?.discard(filter)) ?? 0;
      context.output.result({ discarded }, () => `✓ ${formatCount(discarded)} record errors forgotten.`);
    }),
});
