import { AppError, UsageError } from "../engine/errors.ts";
import type { RunRecord } from "./run-record.ts";
import type { RunStore } from "./run-store.ts";

/** What `app runs` needs of a home. */
export type AskedRuns = Pick<RunStore, "find" | "list" | "request">;

/** One of the homes that `app runs` asks. */
export interface AskedHome {
  readonly name: string;
  /** Undefined where nothing was recorded yet. Throws when the home does not answer. */
  runs(): Promise<AskedRuns | undefined>;
  /** An error of its driver as an AppError; any other error as it is. */
  describe(error: unknown): unknown;
}

export interface FoundRun extends RunRecord {
  /** The name of the home that has it. */
  readonly home: string;
}

/** A home that did not answer, and why. */
export interface Unanswered {
  readonly home: string;
  readonly error: AppError;
}

/**
 * The newest runs of all homes, newest first. A home that does not answer hides no other: it is among the unanswered.
 * Throws its error when no home answers, and any error that is no AppError.
 */
export async function listRuns(
  homes: readonly AskedHome[],
  limit: number,
): Promise<{ runs: FoundRun[]; unanswered: Unanswered[] }> {
  const { found, unanswered } = await askAll(homes, async (runs) => runs.list(limit));
  const runs = found.flatMap(({ home, answer }) => answer.map((run) => ({ ...run, home })));
  const newestFirst = runs.toSorted((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt));
  return { runs: newestFirst.slice(0, limit), unanswered };
}

/**
 * The run whose id is this or begins with it, whichever home has it. Throws UsageError when there is none or more than
 * one, and the error of a home that did not answer when none of the others has it.
 */
export async function knownRun(
  homes: readonly AskedHome[],
  idOrStart: string,
): Promise<{ run: FoundRun; runs: AskedRuns }> {
  const { found, unanswered } = await askAll(homes, async (runs) => ({ run: await runs.find(idOrStart), runs }));
  const [one, ...others] = found.flatMap(({ home, answer: { run, runs } }) =>
    run === undefined ? [] : [{ run: { ...run, home }, runs }],
  );
  if (one !== undefined && others.length === 0) return one;
  if (one === undefined && unanswered[0] !== undefined) throw unanswered[0].error;
  throw new UsageError("unknown_run", `There is no run ${idOrStart}, or more than one begins like this.`, {
    hint: "app runs list shows the runs.",
  });
}

async function askAll<T>(
  homes: readonly AskedHome[],
  ask: (runs: AskedRuns) => Promise<T>,
): Promise<{ found: { home: string; answer: T }[]; unanswered: Unanswered[] }> {
  const found: { home: string; answer: T }[] = [];
  const unanswered: Unanswered[] = [];
  const askOne = async (home: AskedHome): Promise<void> => {
    try {
      const runs = await home.runs();
      if (runs !== undefined) found.push({ home: home.name, answer: await ask(runs) });
    } catch (caught) {
      const error = home.describe(caught);
      if (!(error instanceof AppError)) throw error;
      unanswered.push({ home: home.name, error });
    }
  };
  await Promise.all(homes.map(askOne));
  if (unanswered.length > 0 && unanswered.length === homes.length) throw unanswered[0]!.error;
  return { found, unanswered };
}
