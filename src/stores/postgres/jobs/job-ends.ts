import type { Log } from "../../../engine/log.ts";
import type { JobEnd } from "./work-jobs.ts";

export interface JobFailure {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/**
 * The ends of one attempt of a scheduled job, each said in the log: `what` begins the line, `about` tells which
 * attempt.
 */
export function jobEnds(log: Log, about: object, what: string) {
  return {
    dropped(): JobEnd {
      log.info(about, `${what} left out: it is not scheduled`);
      return { kind: "dropped" };
    },
    interrupted(): JobEnd {
      log.info(about, `${what} interrupted: the next worker goes on with it`);
      return { kind: "interrupted" };
    },
    failed(error: JobFailure, isLastAttempt: boolean): JobEnd {
      const { message, ...rest } = error;
      const next = isLastAttempt ? "given up" : "it will be tried again";
      log[isLastAttempt ? "error" : "warn"]({ ...about, ...rest, error: message }, `${what} failed: ${next}`);
      return { kind: "failed", error };
    },
  };
}
