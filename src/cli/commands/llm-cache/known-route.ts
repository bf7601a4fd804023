import { UsageError } from "../../../engine/errors.ts";
import type { FurtherType } from "../../../llm-cache/entries/cache-kinds.ts";
import type { CacheState } from "../../../llm-cache/cache-state.ts";
import { type StoreType, storeTypes } from "../../../llm-cache/store-settings.ts";
import type { RunRecord } from "../../../runs/run-record.ts";

/** What the command line says of the two stores. */
export interface RouteChoice {
  readonly source?: StoreType | undefined;
  readonly target?: StoreType | undefined;
  readonly sourceEnv?: string | undefined;
  readonly targetEnv?: string | undefined;
  readonly include?: readonly FurtherType[] | undefined;
}

const lookedAt = 200;

/** The choice, or that of the newest run that did not end well when no store is named. */
export async function unfinishedRoute(choice: RouteChoice, state: CacheState): Promise<RouteChoice> {
  if (choice.source !== undefined || choice.target !== undefined) return choice;
  const run = (await state.home.runs.list(lookedAt)).find(
    ({ command, status }) => command === "llm-cache migrate" && ["interrupted", "failed", "died"].includes(status),
  );
  if (run === undefined) throw nothingKnown("No unfinished run is known.");
  return choiceOf(run, choice);
}

/** The choice, or that of the newest run with failed records when no store is named. */
export async function failedRoute(choice: RouteChoice, state: CacheState): Promise<RouteChoice> {
  if (choice.source !== undefined || choice.target !== undefined) return choice;
  for (const run of await state.home.runs.list(lookedAt)) {
    if (!run.command.startsWith("llm-cache ")) continue;
    const failed = await state.errors.countByType({ runId: run.id });
    if (Object.keys(failed).length > 0) return choiceOf(run, choice);
  }
  throw nothingKnown("No run with failed records is known.");
}

function choiceOf({ options }: RunRecord, given: RouteChoice): RouteChoice {
  const text = (name: string): string | undefined => {
    const value = options[name];
    return typeof value === "string" ? value : undefined;
  };
  const type = (name: string): StoreType | undefined =>
    storeTypes.find((one) => one === (options[name] as { type?: unknown } | undefined)?.type);
  return {
    source: type("source"),
    target: type("target"),
    sourceEnv: given.sourceEnv ?? text("sourceEnv"),
    targetEnv: given.targetEnv ?? text("targetEnv"),
    include: given.include ?? (options["include"] as FurtherType[] | undefined),
  };
}

function nothingKnown(text: string): UsageError {
  return new UsageError("nothing_to_resume", `${text} Nothing was touched.`, {
    hint: "Name the stores with --source and --target. app runs list shows the runs.",
  });
}

/** The flags that name the stores again, to be put into a hint. */
export function routeFlagsText({ source, target, sourceEnv, targetEnv, include = [] }: RouteChoice): string {
  const flags = [
    ["--source", source],
    ["--target", target],
    ["--source-env", sourceEnv],
    ["--target-env", targetEnv],
    ["--include", include.length === 0 ? undefined : include.join(",")],
  ];
  return flags.flatMap(([flag, value]) => (value === undefined ? [] : [`${flag} ${value}`])).join(" ");
}
