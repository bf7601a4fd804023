/**
 * What an operator needs when something fails: a stable code, the sentence that says what happened, and what to do
 * next.
 */
export class AppError extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
  }
}

/** Wrong input or configuration: nothing was touched. The command line ends with exit code 2. */
export class UsageError extends AppError {}

/** Whether a wait ended because it was told to stop, and nothing failed. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
