import type { Command } from "commander";
import { z } from "zod";
import { AppError, UsageError } from "../../../engine/errors.ts";
import { validate } from "../../../workflow-logs/validate/validate.ts";
import { validateDefaults, type ValidateOptions } from "../../../workflow-logs/validate/options.ts";
import type { CommandContext, GlobalOptions } from "../../context.ts";
import { exitCodes } from "../../exit-codes.ts";
import {
  dataTypeOption,
  endDateOption,
  orderedDates,
  scopeOf,
  scopeShape,
  startDateOption,
  tenantIdOption,
  wholeNumber,
} from "../../options.ts";
import { formatCount } from "../../output/format.ts";
import { printReport } from "../../print-report.ts";
import { action, type Session } from "../../run-command.ts";
import { withStores } from "../../wiring.ts";
import { validateText } from "./validate-text.ts";

/** More ids are a full validation in all but name, and they are held in memory. */
const largestSample = 1_000_000;

const shape = z
  .object({
    ...scopeShape,
    sampleSize: wholeNumber(1, largestSample).optional(),
    full: z.literal(true).optional(),
    repair: z.literal(true).optional(),
    deleteExtra: z.literal(true).optional(),
  })
  .refine(...orderedDates)
  .refine(({ full, sampleSize }) => full === undefined || sampleSize === undefined, {
    path: ["full"],
    message: "compares every row, so it takes no --sample-size",
  });

export function addValidate(group: Command, session: Session): void {
  const command = group.command("validate");
  command
    .description("Compare Elasticsearch with PostgreSQL, column by column")
    .addOption(tenantIdOption())
    .addOption(startDateOption())
    .addOption(endDateOption())
    .addOption(dataTypeOption())
    .option(
      "--sample-size <rows>",
      `compare so many random rows and documents (default: ${validateDefaults.sampleSize})`,
    )
    .option("--full", "compare every column of every row; goes on where it was when it is run again after a stop")
    .option("--repair", "copy rows that are missing or different, and compare them again")
    .option("--delete-extra", "delete documents without a row, after confirmation")
    .action(
      action(session, {
        options: shape,
        run: (given, context) => {
          if (given.deleteExtra) requireAnswer(command, session);
          return withStores(context, async (connections) => {
            const { signal, progress } = context;
            const confirmDelete = (documents: number) => confirmed(context, documents);
            const report = await validate(connections, optionsOf(given), { signal, progress, confirmDelete });
            const code = report.status === "mismatch" ? exitCodes.findings : exitCodes.done;
            return printReport(context, report, () => validateText(report), code);
          });
        },
      }),
    );
}

function optionsOf(given: z.output<typeof shape>): ValidateOptions {
  return {
    ...validateDefaults,
    scope: scopeOf(given),
    level: given.full ? "full" : "sample",
    sampleSize: given.sampleSize ?? validateDefaults.sampleSize,
    repair: given.repair ?? false,
    deleteExtra: given.deleteExtra ?? false,
  };
}

/** The question comes at the end of a long command: that nobody can be asked is said before it begins. */
function requireAnswer(command: Command, { host }: Session): void {
  if (command.optsWithGlobals<GlobalOptions>().yes || host.stdin.isTTY) return;
  throw new UsageError(
    "confirmation_needed",
    "Documents are deleted only after confirmation, and there is no terminal to ask on.",
    {
      hint: "Add --yes to confirm, or run the command on a terminal.",
    },
  );
}

/** A no leaves the documents where they are; the report is printed all the same. */
async function confirmed(context: CommandContext, documents: number): Promise<boolean> {
  context.progress.stop();
  try {
    await context.confirm(
      `Delete ${formatCount(documents)} documents that have no row in PostgreSQL? They may be the only copy of their logs.`,
    );
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === "not_confirmed") return false;
    throw error;
  }
}
