import { command } from "../../../command.ts";
import { formatCount } from "../../../output/format.ts";
import { withState } from "../../../wiring.ts";
import { filterFlags, filterOf } from "./filter.ts";

export default command({
  flags: filterFlags,
  run: (given, context) =>
    withState(context, async (state) => {
      const { countRecordErrors, discardRecordErrors } =
        await import("../../../../workflow-logs/state/record-errors.ts");
      const filter = filterOf(given);
      const counts = state === undefined ? {} : await countRecordErrors(state, filter);
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
      if (total > 0)
        await context.confirm(
          `Forget ${formatCount(total)} record errors? Their rows stay in PostgreSQL and are not archived.`,
        );
      const discarded = state === undefined ? 0 : await discardRecordErrors(state, filter);
      context.output.result({ discarded }, () => `✓ ${formatCount(discarded)} record errors forgotten.`);
    }),
});
