import { stateFile } from "../../../config/sections/state-file.ts";
import { UsageError } from "../../../engine/errors.ts";
import { CacheKinds } from "../../../llm-cache/entries/cache-kinds.ts";
import type { MigrateOptions } from "../../../llm-cache/migrate.ts";
import type { CacheState } from "../../../llm-cache/cache-state.ts";
import type { MigrateReport } from "../../../llm-cache/migrate-report.ts";
import { command } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { type ExitCode, exitCodes } from "../../exit-codes.ts";
import { toggle, value } from "../../options/flags.ts";
import { batchSize, concurrency } from "../../options/values.ts";
import { formatCount } from "../../output/format.ts";
import { printReport } from "../../print-report.ts";
import { type RouteChoice, routeFlagsText, unfinishedRoute } from "./known-route.ts";
import { openSide, type OpenSide } from "./open-side.ts";
import { watchBatches } from "./watch-batches.ts";
import { reportText } from "./report-text.ts";
import { withCacheState } from "./state.ts";
import { includeFlag, maxRps, routeFlags } from "./store-flags.ts";

export default command({
  flags: {
    ...routeFlags,
    batchSize: value("records of one batch", batchSize.default(1000)),
    concurrency: value("batches in flight at once", concurrency.default(4)),
    maxRps,
    include: includeFlag,
    resume: toggle("go on where the last run between these stores stopped"),
    dryRun: toggle("count and report, write nothing"),
  },
  config: { stateFile },
  examples: [
    ["llm-cache migrate", "choose the stores from a menu"],
    ["llm-cache migrate --source redis --target postgres --yes", "in a script"],
    ["llm-cache migrate --source postgres --source-env old.env --target postgres --yes", "between two databases"],
    ["llm-cache migrate --resume", "go on after a stop"],
  ],
  run: (options, context) =>
    withCacheState(context, async (state) => {
      const route = options.resume === true ? await unfinishedRoute(options, state) : options;
      const sides = await openSides(context, route);
      if (sides === undefined) return exitCodes.done;
      try {
        return await confirmAndMigrate(context, state, sides, {
          route,
          batchSize: options.batchSize,
          concurrency: options.concurrency,
          recordsPerSecond: options.maxRps ?? undefined,
          resume: options.resume,
          dryRun: options.dryRun,
        });
      } finally {
        await sides.source.store.close();
        await sides.target.store.close();
      }
    }),
});

interface Sides {
  readonly source: OpenSide;
  readonly target: OpenSide;
}

/** Both stores, or undefined when the operator leaves, or has nothing to migrate. */
async function openSides(context: CommandContext, route: RouteChoice): Promise<Sides | undefined> {
  const kinds = new CacheKinds(route.include);
  const source = await openSide(context, "source", { type: route.source, envFile: route.sourceEnv }, kinds);
  if (source === undefined) return undefined;
  try {
    if (source.total === 0 && !context.output.json) {
      context.dialogue.say("\n⚠️  Source storage has no cache records to migrate");
      await source.store.close();
      return undefined;
    }
    const target = await openSide(context, "target", { type: route.target, envFile: route.targetEnv }, kinds);
    if (target !== undefined) return { source, target };
  } catch (error) {
    await source.store.close();
    throw error;
  }
  await source.store.close();
  return undefined;
}

interface MigrateChoice extends Pick<MigrateOptions, "recordsPerSecond" | "resume" | "dryRun"> {
  readonly route: RouteChoice;
  readonly batchSize: number;
  readonly concurrency: number;
}

async function confirmAndMigrate(
  context: CommandContext,
  state: CacheState,
  { source, target }: Sides,
  { route, ...options }: MigrateChoice,
): Promise<ExitCode> {
  const { dialogue, signal } = context;
  const stores = { source: source.store, target: target.store };
  const { migrate, refuseSameStore } = await import("../../../llm-cache/migrate.ts");
  refuseSameStore(stores);
  dialogue.say(confirmationText(source, target, options.batchSize));
  if (options.dryRun !== true && !(await isConfirmed(context))) {
    dialogue.say("\n✗ Migration cancelled");
    return exitCodes.done;
  }
  if (options.dryRun !== true) dialogue.say("\n=== Starting Migration ===");
  const { sourceEnv, targetEnv, include } = route;
  const noted = { sourceEnv, targetEnv };
  const report = await migrate(
    stores,
    state,
    { ...options, include, noted, counted: source.total },
    watchBatches(context),
  );
  if (report.dryRun) {
    context.output.result(report, () => "\nDry run: nothing was written.");
    return exitCodes.done;
  }
  dialogue.say("✓ Data persisted successfully\n");
  if (report.status === "interrupted" && signal.aborted) dialogue.say("✗ Migration interrupted by user\n");
  return printReport(context, report, () => textOf(report, route), codeOf(report));
}

function confirmationText(source: OpenSide, target: OpenSide, size: number): string {
  const warning = [
    "",
    `⚠ Warning: Target storage already has ${formatCount(target.total)} records`,
    "Migration will overwrite records with the same keys",
  ];
  return [
    "\nMigration Confirmation",
    "=".repeat(50),
    `Source: ${sideText(source)}`,
    `Target: ${sideText(target)}`,
    `Batch Size: ${formatCount(size)} records/batch`,
    ...(target.total > 0 ? warning : []),
  ].join("\n");
}

function sideText({ store, total }: OpenSide): string {
  return `${store.type} (workspace: ${store.workspace || "(default)"}) - ${formatCount(total)} records`;
}

async function isConfirmed({ dialogue, output, yes }: CommandContext): Promise<boolean> {
  if (yes) return true;
  const answer = output.json ? undefined : await dialogue.ask("\nContinue? (y/n): ");
  if (answer !== undefined) return answer.toLowerCase() === "y";
  throw new UsageError("confirmation_needed", "The migration was not confirmed, and nobody answers.", {
    hint: "Add --yes. Nothing was touched.",
  });
}

function textOf(report: MigrateReport, route: RouteChoice): string {
  const text = reportText(report);
  if (report.status !== "interrupted") return text;
  const again = { ...route, source: report.source.type, target: report.target.type };
  return `${text}\n\nWhat was migrated stays. Go on with: app llm-cache migrate ${routeFlagsText(again)} --resume`;
}

export function codeOf({ status }: MigrateReport): ExitCode {
  return status === "completed_with_errors" ? exitCodes.findings : exitCodes.done;
}
