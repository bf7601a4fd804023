import { AppError } from "../../engine/errors.ts";

/** What every answer of Milvus carries, at the top level or as `status`. */
export interface MilvusStatus {
  readonly error_code?: string | number;
  readonly code?: number;
  readonly reason?: string;
}

const away = "milvus_unreachable";
const late = "milvus_timeout";
const busy = "milvus_busy";
const refused = "milvus_refused_record";

/**
 * Legacy codes 8 (rate limit), 9 (memory) and 10 (disk), and their successors: https://milvus.io/docs/error_codes.md,
 * milvus/pkg/util/merr.
 */
const busyCodes = new Set([1, 3, 8, 9, 10, 49, 53, 54]);
/** Parameter and field errors: the record is at fault. Milvus Lite answers 6 for these. */
const recordCodes = (code: number): boolean =>
  code === 5 || code === 6 || code === 1100 || (code >= 1700 && code < 1800);

const connectionHint =
  "Check MILVUS_CLUSTER_ENDPOINT and MILVUS_CLUSTER_TOKEN (for app stores MILVUS_URI and MILVUS_TOKEN), and that Milvus runs.";

/** The client resolves though Milvus has refused: also "Success" with a code above 0 was seen. */
export function failureOf(answer: unknown): MilvusStatus | undefined {
  const { status } = answer as { status?: MilvusStatus };
  const { error_code = 0, code = 0, reason } = status ?? (answer as MilvusStatus);
  const isDone = code === 0 && (error_code === 0 || error_code === "0" || error_code === "Success");
  return isDone ? undefined : { error_code, code, ...(reason === undefined ? {} : { reason }) };
}

/** One AppError for an answer that says no. */
export function refusalError(what: string, { code = 0, error_code, reason }: MilvusStatus): AppError {
  const number = code || Number(error_code) || 0;
  const message = `Milvus did not ${what}: ${reason || `error ${error_code}`}`;
  const withCode = `${message} (code ${number || error_code}).`;
  if (recordCodes(number))
    return new AppError(refused, withCode, { hint: "Look at the record, and at `app milvus check`." });
  if (busyCodes.has(number))
    return new AppError(busy, withCode, { hint: "Milvus limits writes or lacks memory or disk: look at its quotas." });
  if (/auth|permission|privilege/i.test(reason ?? ""))
    return new AppError("milvus_denied", withCode, { hint: connectionHint });
  return new AppError("milvus_failed", withCode, {
    hint: "Look into Milvus' log. `app milvus check` compares its schema.",
  });
}

/** One AppError for what the client throws: gRPC's codes 4 (deadline), 14 (unavailable) and 16 (unauthenticated). */
export function thrownError(what: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code, message } = error as { code?: number | string; message: string };
  if (code === 4) return timeoutError(what, error);
  if (code === 16 || code === 7)
    return new AppError("milvus_denied", `Milvus did not ${what}: ${message}.`, { cause: error, hint: connectionHint });
  return new AppError(away, `Milvus could not be asked to ${what}: ${message}.`, {
    cause: error,
    hint: connectionHint,
  });
}

export function timeoutError(what: string, cause?: unknown): AppError {
  return new AppError(late, `Milvus was asked to ${what} and did not answer in time; it may do it still.`, {
    cause,
    hint: connectionHint,
  });
}

/** Milvus is away or overloaded: the same request may succeed later. */
export function isPassing(error: unknown): boolean {
  return error instanceof AppError && [away, late, busy].includes(error.code);
}

/** Milvus answered that it does not take this record as it is. */
export function isRecordRefused(error: unknown): boolean {
  return error instanceof AppError && error.code === refused;
}
