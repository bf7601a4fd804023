import { AppError } from "../../engine/errors.ts";

/** A success of which we cannot read what was asked for; something in between may have answered or cut it. */
export function unexpectedAnswer(what: string, cause?: unknown): AppError {
  return new AppError("unexpected_answer", `Elasticsearch's answer is not what was asked for: ${what}.`, {
    cause,
    hint: "Look for a proxy between this program and Elasticsearch that answers for it, then run the same command again.",
  });
}

/** Reads an answer. Throws AppError where it is no JSON, or ends before its end. */
export function readJson<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof SyntaxError ? unexpectedAnswer(error.message, error) : error;
  }
}
