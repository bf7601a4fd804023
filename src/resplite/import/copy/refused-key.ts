import { isErrorReply } from "../../../stores/redis/client.ts";

/** The answer, or the server's refusal of this one request; rejects with anything else. */
export async function orRefusal<T>(answer: Promise<T>): Promise<T | Error> {
  try {
    return await answer;
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
}

/** The server's own answer, such as NOPERM for one key. LOADING and its kin concern every key. */
export function isRefusal(error: unknown): error is Error {
  return (
    error instanceof Error &&
    isErrorReply(error) &&
    !/^(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOAUTH)\b/.test(error.message)
  );
}
