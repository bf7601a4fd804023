/**
 * What an operation of the application tells its caller, as the application itself does: it does not throw for what is
 * only not there.
 */
export interface Outcome {
  readonly status: "success" | "failed" | "partial_success";
  readonly message: string;
}

export function success(message: string): Outcome {
  return { status: "success", message };
}

export function failed(message: string): Outcome {
  return { status: "failed", message };
}
