import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A request as the proxy has it: whole. */
export interface ProxiedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface ProxiedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface Exchange {
  readonly request: ProxiedRequest;
  /** Passes the request on, and resolves with the server's answer. */
  readonly forward: () => Promise<ProxiedAnswer>;
  readonly answer: (answer: Pick<ProxiedAnswer, "status"> & { body: string; type?: string }) => void;
  readonly pass: (answer: ProxiedAnswer) => void;
  /** So many bytes of the answer, then the end of the connection; or a few bytes at a time, all of them. */
  readonly drip: (answer: ProxiedAnswer, how: { only: number } | { pause: number }) => Promise<void>;
  readonly reset: () => void;
}

/** What happens to a request. */
export type HttpFault = (exchange: Exchange) => Promise<void> | void;

export const passOn: HttpFault = async ({ forward, pass }) => pass(await forward());

export interface HttpFaultProxy {
  readonly url: string;
  /** Requests so far. */
  readonly requests: number;
  /** What happens to requests from now on. */
  set(fault: HttpFault): void;
  /** Called before each request goes on; the request waits for it. */
  onRequest(hook: (count: number) => Promise<void>): void;
  close(): Promise<void>;
}

/** An HTTP proxy on a free port of the loopback that can do to each request whatever a proxy or a network does. */
export async function startHttpFaultProxy(target: string): Promise<HttpFaultProxy> {
  let fault = passOn;
  let hook: (count: number) => Promise<void> = async () => {};
  let requests = 0;
  const agent = new Agent({ keepAlive: true });

  const server = createServer((incoming, outgoing) => {
    outgoing.on("error", () => {}); // the client has gone
    handle(incoming, outgoing).catch(() => outgoing.destroy());
  });

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = "GET", url: path = "/", headers } = incoming;
    requests++;
    await hook(requests);
    const proxied = { method, path, headers, body: Buffer.concat(chunks) };
    await fault(exchangeOf(proxied, outgoing, () => sendOn(target, agent, proxied)));
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    set(next) {
      fault = next;
    },
    onRequest(next) {
      hook = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      agent.destroy();
      await once(server, "close");
    },
  };
}

function exchangeOf(
  proxied: ProxiedRequest,
  outgoing: ServerResponse,
  forward: () => Promise<ProxiedAnswer>,
): Exchange {
  return {
    request: proxied,
    forward,
    answer: ({ status, body, type = "application/json" }) =>
      void outgoing.writeHead(status, { "content-type": type, "x-elastic-product": "Elasticsearch" }).end(body),
    pass: ({ status, headers, body }) => void outgoing.writeHead(status, headers).end(body),
    async drip({ status, headers, body }, how) {
      outgoing.writeHead(status, { ...headers, "content-length": String(body.length) });
      if ("only" in how) {
        outgoing.write(body.subarray(0, how.only));
        await sleep(20);
        outgoing.destroy();
        return;
      }
      for (let at = 0; at < body.length; at += Math.ceil(body.length / 10)) {
        outgoing.write(body.subarray(at, at + Math.ceil(body.length / 10)));
        await sleep(how.pause);
      }
      outgoing.end();
    },
    reset: () => void outgoing.socket?.resetAndDestroy(),
  };
}

async function sendOn(
  target: string,
  agent: Agent,
  { method, path, headers, body }: ProxiedRequest,
): Promise<ProxiedAnswer> {
  const onward = request(new URL(path, target), { method, headers, agent });
  onward.end(body);
  const [answer] = (await once(onward, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const { "transfer-encoding": _, ...rest } = answer.headers; // the body is whole
  const whole = Buffer.concat(chunks);
  return {
    status: answer.statusCode ?? 500,
    headers: method === "HEAD" ? answer.headers : { ...rest, "content-length": String(whole.length) },
    body: whole,
  };
}
