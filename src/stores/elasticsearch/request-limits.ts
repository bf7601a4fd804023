import { AsyncLocalStorage } from "node:async_hooks";

/** What holds for every request that some work makes, however deep. */
interface RequestLimits {
  readonly signal?: AbortSignal | undefined;
  /** What one request may take; it is not tried again then. */
  readonly requestMillis?: number | undefined;
}

const limits = new AsyncLocalStorage<RequestLimits | undefined>();

/** The limits of the work that asks now. */
export function requestLimits(): RequestLimits {
  return limits.getStore() ?? {};
}

/**
 * Ends `work` when the signal is aborted: it rejects with the signal's reason at once, requests under way are given up,
 * and no more is sent. One that was under way may still be carried out.
 */
export async function endingWith<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const outer = requestLimits();
  const both = outer.signal === undefined ? signal : AbortSignal.any([outer.signal, signal]);
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(both.reason);
  both.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([limits.run({ ...outer, signal: both }, work), aborted.promise]);
  } finally {
    both.removeEventListener("abort", onAbort);
    aborted.promise.catch(() => {});
  }
}

/** Each request of `work` has this time, and one attempt. */
export function withRequestLimit<T>(requestMillis: number, work: () => Promise<T>): Promise<T> {
  return limits.run({ ...requestLimits(), requestMillis }, work);
}

/** What others wait for too does not end with the work that happened to begin it. */
export function withoutLimits<T>(work: () => Promise<T>): Promise<T> {
  return limits.run(undefined, work);
}
