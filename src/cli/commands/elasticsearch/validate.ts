import { AppError, UsageError } from "../../../engine/errors.ts";
import { validateDefaults, type ValidateOptions } from "../../../workflow-logs/validate/options.ts";
import { command } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { exitCodes } from "../../exit-codes.ts";
import { distributedFlags } from "../../options/distributed.ts";
import { toggle, value } from "../../options/flags.ts";
import { orderedDates, scopeFlags, scopeOf } from "../../options/scope.ts";
import { wholeNumber } from "../../options/values.ts";
import { formatCount } from "../../output/format.ts";
import { printArchiveReport } from "./print-archive-report.ts";
import { storesConfig, withStores } from "../../wiring.ts";
import { validateText } from "./validate-text.ts";

/** More ids are a full validation in all but name, and they are held in memory. */
const largestSample = 1_000_000;

export default command({
  flags: {
    ...scopeFlags,
    sampleSize: value("compare so many random rows and documents", wholeNumber(1, largestSample).optional(), {
      shownDefault: validateDefaults.sampleSize,
    }),
    full: toggle("compare every column of every row; goes on where it was when it is run again after a stop"),
    repair: toggle("copy rows that are missing or different, and compare them again"),
    deleteExtra: toggle("delete documents without a row, after confirmation"),
    ...distributedFlags,
    adopt: toggle("with --full: fingerprint the documents of rows purged before fingerprints were written"),
  },
  check: (schema) =>
    schema
      .refine(...orderedDates)
      .refine(({ full, sampleSize }) => full === undefined || sampleSize === undefined, {
        path: ["full"],
        message: "compares every row, so it takes no --sample-size",
      })
      .refine(({ full, distributed }) => distributed === undefined || full === true, {
        path: ["distributed"],
        message: "needs --full; a sample is quick in one process",
      })
      .refine(({ full, adopt }) => adopt === undefined || full === true, {
        path: ["adopt"],
        message: "looks at every document, so it needs --full",
      }),
  examples: [
    ["elasticsearch validate --sample-size 10000", "a sample, with the odds of what it would have missed"],
    ["elasticsearch validate --full --distributed", "every row, by every app worker that is running"],
    ["elasticsearch validate --full --repair", "every row; what is missing or different is copied"],
  ],
  config: storesConfig,
  run: (given, context) => {
    if (given.deleteExtra) requireAnswer(context);
    return withStores(context, async (connections) => {
      const { validate } = await import("../../../workflow-logs/validate/validate.ts");
      const { signal, progress } = context;
      const confirmDelete = (documents: number) => confirmed(context, documents);
      const { runToResume } = await import("../../../workflow-logs/shared/resumed-run.ts");
      const resumed =
        given.resume === undefined ? undefined : await runToResume(connections, "elasticsearch validate", given.resume);
      const options: ValidateOptions = {
        ...validateDefaults,
        scope: scopeOf(given),
        level: given.full ? "full" : "sample",
        sampleSize: given.sampleSize ?? validateDefaults.sampleSize,
        repair: given.repair ?? false,
        deleteExtra: given.deleteExtra ?? false,
        adopt: given.adopt ?? false,
        distributed: given.distributed,
      };
      const earlier = resumed?.options as ValidateOptions | undefined;
      if (earlier?.deleteExtra === true) requireAnswer(context);
      const report = await validate(connections, earlier ?? options, { signal, progress, confirmDelete }, resumed);
      const code = report.status === "mismatch" ? exitCodes.findings : exitCodes.done;
      const { captureState } = await import("../../../workflow-logs/capture/status.ts");
      const isCaptured = report.status === "match" && (await captureState(connections)).installed; // for the next step
      return printArchiveReport(context, connections, report, (width) => validateText(report, isCaptured, width), code);
    });
  },
});

/** The question comes at the end of a long command: that nobody can be asked is said before it begins. */
function requireAnswer({ yes, canAsk }: CommandContext): void {
  if (yes || canAsk) return;
  throw new UsageError(
    "confirmation_needed",
    "Documents are deleted only after confirmation, and there is no terminal to ask on.",
    { hint: "Add --yes to confirm, or run the command on a terminal." },
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
