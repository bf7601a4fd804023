import type { Client, DiagnosticResult } from "@elastic/elasticsearch";

/** `millis`: with all repetitions. */
export type RequestEnd = (result: DiagnosticResult, error: Error | null, millis: number) => void;

/** From now on `onEnd` is told of each request of `client` when it ends, however it ends. */
export function timeRequests(client: Client, onEnd: RequestEnd): void {
  const startedAt = new WeakMap<object, number>();
  client.diagnostic.on("serialization", (_error, result) => {
    if (result !== null) startedAt.set(result.meta.request, performance.now());
  });
  client.diagnostic.on("response", (error, result) => {
    const start = result === null ? undefined : startedAt.get(result.meta.request);
    if (result !== null && start !== undefined) onEnd(result, error, performance.now() - start);
  });
}
