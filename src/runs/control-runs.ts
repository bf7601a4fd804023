import { UsageError } from "../engine/errors.ts";
import { type AskedHome, type FoundRun, knownRun } from "./all-homes.ts";
import { describeLimits, flagOf } from "./run-limits.ts";
import type { RequestedState, RunLimits, RunRecord } from "./run-record.ts";

/**
 * Asks a run for a state; its process obeys within two seconds, or when the statement under way has ended. Throws
 * UsageError for a run that is unknown, is not under way, or was told to abort before.
 */
export function requestState(
  homes: readonly AskedHome[],
  idOrStart: string,
  wanted: RequestedState,
): Promise<FoundRun> {
  return request(homes, idOrStart, { state: wanted });
}

/**
 * Gives a run other limits; those not named stay, null is no limit. As requestState, and UsageError for a limit that
 * the run does not have.
 */
export function setLimits(homes: readonly AskedHome[], idOrStart: string, limits: RunLimits): Promise<FoundRun> {
  return request(homes, idOrStart, { limits });
}

async function request(
  homes: readonly AskedHome[],
  idOrStart: string,
  wanted: { readonly state?: RequestedState; readonly limits?: RunLimits },
): Promise<FoundRun> {
  const { run, runs } = await knownRun(homes, idOrStart);
  requireObedient(run, wanted.limits ?? {});
  const isSaved = await runs.request(run.id, wanted);
  const found = { ...run, ...(await runs.find(run.id)) };
  if (isSaved) return found;
  requireObedient(found, {});
  throw new UsageError("run_aborted", `Run ${run.id} was told to abort before.`, {
    hint: "It stops when what is in flight is finished. The same command again goes on where it was.",
  });
}

function requireObedient({ id, status, command, limits }: RunRecord, wanted: RunLimits): void {
  if (status === "died") {
    throw new UsageError("run_died", `The process of run ${id} is gone.`, {
      hint: "Run its command again: it goes on where it was.",
    });
  }
  if (status !== "running") {
    throw new UsageError("run_ended", `Run ${id} has ended: ${status}.`, {
      hint: "app runs list shows the runs; those with status running can be controlled.",
    });
  }
  if (limits === null) {
    throw new UsageError(
      "run_of_older_program",
      `Run ${id} was started by an older version, which obeys no requests.`,
      {
        hint: "Stop its process with SIGTERM, then run its command with this version: it goes on where it was.",
      },
    );
  }
  const missing = (Object.keys(wanted) as (keyof RunLimits)[]).filter((key) => !(key in limits));
  if (missing.length > 0) {
    const flags = missing.map((key) => flagOf[key]).join(", ");
    throw new UsageError("no_such_limit", `A run of ${command} has no ${flags}.`, {
      hint: `It can be given: ${describeLimits(limits)}. Nothing was changed.`,
    });
  }
}
