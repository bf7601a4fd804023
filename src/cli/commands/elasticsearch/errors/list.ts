import { command } from "../../../command.ts";
import { value } from "../../../options/flags.ts";
import { wholeNumber } from "../../../options/values.ts";
import { formatCount } from "../../../output/format.ts";
import { formatTable } from "../../../output/table.ts";
import { databaseConfig, withState } from "../../../wiring.ts";
import { filterFlags, filterOf } from "./filter.ts";

export default command({
  flags: { ...filterFlags, limit: value("how many", wholeNumber(1, 100_000).default(50)) },
  config: databaseConfig,
  run: (given, context) =>
    withState(context, async (state) => {
      const { reportErrors } = await import("../../../../runs/record-errors.ts");
      const { archiveRecordErrors } = await import("../../../../workflow-logs/state/record-errors.ts");
      const report =
        state === undefined
          ? { total: 0, byType: {}, errors: [] }
          : await reportErrors(archiveRecordErrors(state), filterOf(given), given.limit);
      const { total, errors: found } = report;
      context.output.result(report, (width) =>
        total === 0
          ? "There are no record errors."
          : [
              formatTable(
                ["data type", "tenant", "month", "id", "type", "attempts", "reason"],
                found.map((error) => [
                  error.dataType,
                  error.tenantId,
                  error.month ?? undefined,
                  error.id,
                  error.type,
                  error.attempts,
                  error.reason.slice(0, 200),
                ]),
                { width, drop: ["attempts", "month", "data type"] },
              ),
              `${formatCount(found.length)} of ${formatCount(total)} record errors`,
            ].join("\n"),
      );
    }),
});
