import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

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

  const server = createServer((incoming, outgoing) => void pass(incoming, outgoing));

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const answered = Promise.withResolvers<void>();
    if (held?.test(incoming.url ?? "") === true) {
      waiting.push(answered.promise);
      arrived.resolve();
      await opened.promise;
    }
    const options = { method: incoming.method, headers: incoming.headers };
    const onward = request(new URL(incoming.url ?? "/", target), options, (answer) => {
      answered.resolve();
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    onward.end(Buffer.concat(chunks));
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
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
    async close() {
      opened.resolve();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
