import { command } from "../../../command.ts";
import { value } from "../../../options/flags.ts";
import { wholeNumber } from "../../../options/values.ts";
import { formatCount } from "../../../output/format.ts";
import { formatTable } from "../../../output/table.ts";
import { withState } from "../../../wiring.ts";
import { filterFlags, filterOf } from "./filter.ts";

export default command({
  flags: { ...filterFlags, limit: value("how many", wholeNumber(1, 100_000).default(50)) },
  run: (given, context) =>
    withState(context, async (state) => {
      const { countRecordErrors, listRecordErrors } = await import("../../../../workflow-logs/state/record-errors.ts");
      const filter = filterOf(given);
      const found = state === undefined ? [] : await listRecordErrors(state, filter, given.limit);
      const byType = state === undefined ? {} : await countRecordErrors(state, filter);
      const total = Object.values(byType).reduce((sum, count) => sum + count, 0);
      context.output.result({ total, byType, errors: found }, () =>
        total === 0
          ? "There are no record errors."
          : [
              formatTable(
                ["data type", "tenant", "month", "id", "type", "reason", "attempts"],
                found.map((error) => [
                  error.dataType,
                  error.tenantId,
                  error.month ?? undefined,
                  error.id,
                  error.type,
                  error.reason.slice(0, 200),
                  error.attempts,
                ]),
              ),
              `${formatCount(found.length)} of ${formatCount(total)} record errors`,
            ].join("\n"),
      );
    }),
});
