import { startHttpFaultProxy } from "./http-fault-proxy.ts";

export interface RequestGate {
  url: string;
  /** Requests whose path matches wait before the gate; resolves when the first has come whole. */
  hold(path: RegExp): Promise<void>;
  /** Lets those that wait, and all that come, through. */
  release(): void;
  /** Resolves when everything that waits now has been answered by the server; call before `release`. */
  passed(): Promise<void>;
  close(): Promise<void>;
}

/** An HTTP proxy that can keep requests back which their sender believes to be on the way. */
export async function startRequestGate(target: string): Promise<RequestGate> {
  let held: RegExp | undefined;
  let arrived = Promise.withResolvers<void>();
  let opened = Promise.withResolvers<void>();
  const waiting: Promise<void>[] = [];

  const proxy = await startHttpFaultProxy(target);
  proxy.set(async ({ request, forward, pass }) => {
    const answered = Promise.withResolvers<void>();
    if (held?.test(request.path) === true) {
      waiting.push(answered.promise);
      arrived.resolve();
      await opened.promise;
    }
    const answer = await forward();
    answered.resolve();
    pass(answer);
  });
  return {
    url: proxy.url,
    hold(path) {
      held = path;
      arrived = Promise.withResolvers<void>();
      opened = Promise.withResolvers<void>();
      return arrived.promise;
    },
    release() {
      held = undefined;
      opened.resolve();
    },
    async passed() {
      await Promise.all(waiting);
    },
    close() {
      opened.resolve();
      return proxy.close();
    },
  };
}
