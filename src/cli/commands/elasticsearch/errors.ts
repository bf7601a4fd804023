import type { Command } from "commander";
import { z } from "zod";
import {
  countRecordErrors,
  discardRecordErrors,
  listRecordErrors,
  type RecordErrorFilter,
} from "../../../workflow-logs/state/record-errors.ts";
import { retryErrors, type RetryReport } from "../../../workflow-logs/migrate/retry-errors.ts";
import { exitCodes } from "../../exit-codes.ts";
import { dataTypeOption, scopeOf, scopeShape, tenantIdOption, uuid, wholeNumber } from "../../options.ts";
import { formatCount } from "../../output/format.ts";
import { formatTable } from "../../output/table.ts";
import { printReport } from "../../print-report.ts";
import { action, type Session } from "../../run-command.ts";
import { withState, withStores } from "../../wiring.ts";

const filterShape = { runId: uuid.optional(), tenantId: scopeShape.tenantId, dataType: scopeShape.dataType };

/** `errors list|retry|discard`: the rows that could not be archived. */
export function addErrors(group: Command, session: Session): void {
  const errors = group.command("errors").description("Rows that could not be archived");
  addFilter(errors.command("list").description("What was refused and why"))
    .option("--limit <number>", "how many", "50")
    .action(
      action(session, {
        options: z.object({ ...filterShape, limit: wholeNumber(1, 100_000) }),
        run: (given, context) =>
          withState(context, async (state) => {
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
      }),
    );
  addFilter(errors.command("retry").description("Send them again, after the cause was mended")).action(
    action(session, {
      options: z.object(filterShape),
      run: (given, context) =>
        withStores(context, async (connections) => {
          const report = await retryErrors(connections, filterOf(given), context);
          const code = report.status === "completed_with_errors" ? exitCodes.findings : exitCodes.done;
          return printReport(context, report, () => retryText(report), code);
        }),
    }),
  );
  addFilter(
    errors.command("discard").description("Forget them; the rows stay in PostgreSQL and are not archived"),
  ).action(
    action(session, {
      options: z.object(filterShape),
      run: (given, context) =>
        withState(context, async (state) => {
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
    }),
  );
}

function addFilter(command: Command): Command {
  return command
    .addOption(tenantIdOption())
    .addOption(dataTypeOption())
    .option("--run-id <id>", "only those of this run");
}

function filterOf(given: {
  runId?: string | undefined;
  tenantId: string[];
  dataType: (readonly string[])[];
}): RecordErrorFilter {
  const { tenantIds, dataTypes } = scopeOf({ tenantId: given.tenantId, dataType: given.dataType });
  return { runId: given.runId, tenantIds, dataTypes };
}

function retryText({ tried, migrated, failed, gone, expired, unarchivable, status }: RetryReport): string {
  const lines = [
    `Tried:            ${formatCount(tried)}`,
    `Archived now:     ${formatCount(migrated)}`,
    `Refused again:    ${formatCount(failed)}`,
    `Without a month:  ${formatCount(unarchivable)}`,
    `Gone meanwhile:   ${formatCount(gone)}`,
    `Past retention:   ${formatCount(expired)}`,
    "",
  ];
  const left = failed + unarchivable;
  if (status === "interrupted") return [...lines, "⚠ WARNING: interrupted; run the same command again"].join("\n");
  return [...lines, left === 0 ? "✓ SUCCESS" : `⚠ WARNING: ${formatCount(left)} records could not be archived`].join(
    "\n",
  );
}
