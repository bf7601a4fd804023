import { UsageError } from "../../engine/errors.ts";
import type { RequestedState, RunLimits, StateDatabase } from "../state/database.ts";
import { saveRequest } from "../state/run-requests.ts";
import { findRun, type RunRecord } from "../state/runs.ts";
import { describeLimits, flagOf } from "./run-limits.ts";

/** The run whose id is this or begins with it. Throws UsageError when there is none or more than one. */
export async function knownRun(state: StateDatabase | undefined, idOrStart: string): Promise<RunRecord> {
  const run = state && (await findRun(state, idOrStart));
  if (run !== undefined) return run;
  throw new UsageError("unknown_run", `There is no run ${idOrStart}, or more than one begins like this.`, {
    hint: "app runs list shows the runs.",
  });
}

/**
 * Asks a run for a state; its process obeys within two seconds, or when the statement under way has ended. Throws UsageError for a run that is unknown,
 * is not under way, or was told to abort before.
 */
export function requestState(
  state: StateDatabase | undefined,
  idOrStart: string,
  wanted: RequestedState,
): Promise<RunRecord> {
  return request(state, idOrStart, { state: wanted });
}

/** Gives a run other limits; those not named stay, null is no limit. As requestState, and UsageError for a limit that the run does not have. */
export function setLimits(state: StateDatabase | undefined, idOrStart: string, limits: RunLimits): Promise<RunRecord> {
  return request(state, idOrStart, { limits });
}

async function request(
  state: StateDatabase | undefined,
  idOrStart: string,
  wanted: { readonly state?: RequestedState; readonly limits?: RunLimits },
): Promise<RunRecord> {
  const run = await knownRun(state, idOrStart);
  requireObedient(run, wanted.limits ?? {});
  if (await saveRequest(state!, run.id, wanted)) return knownRun(state, run.id);
  requireObedient(await knownRun(state, run.id), {});
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
