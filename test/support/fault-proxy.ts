import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export type Fault =
  | { kind: "pass" }
  /** Connections are taken, bytes too, and nothing ever comes back. */
  | { kind: "black_hole" }
  /** Open connections are reset, and so is each new one. */
  | { kind: "reset" }
  /** Each piece is passed on up to so many milliseconds later. */
  | { kind: "delay"; millis: number }
  /** A connection is reset once so many more bytes of the server's answers have passed: what they answered was done. */
  | { kind: "cut"; afterBytes: number };

export interface FaultProxy {
  /** The URL given, with this proxy in the place of its server. */
  url: string;
  /** Bytes that were passed on so far, to the server and back. */
  readonly passed: { readonly requests: number; readonly answers: number };
  /** For connections that are open and those to come. */
  set(fault: Fault): void;
  close(): Promise<void>;
}

interface Pair {
  client: Socket;
  server: Socket;
  /** Bytes of answers left until the cut. */
  left: number;
}

/** A TCP proxy on a free port of the loopback before the server of `target`, without faults at first. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<Pair>();
  const passed = { requests: 0, answers: 0 };
  let fault: Fault = { kind: "pass" };

  const listener = createServer((client) => {
    const pair: Pair = { client, server: connect(Number(port), hostname), left: allowance(fault) };
    pairs.add(pair);
    for (const socket of [client, pair.server]) {
      socket.setNoDelay(true);
      socket.on("error", () => {}); // what a fault does to a connection is the test's matter
      socket.on("close", () => end(pair));
    }
    if (fault.kind === "reset") return end(pair);
    forward(pair.client, pair.server, pair, false);
    forward(pair.server, pair.client, pair, true);
  });

  function forward(from: Socket, to: Socket, pair: Pair, isAnswer: boolean): void {
    let last = Promise.resolve();
    from.on("data", (bytes: Buffer) => {
      if (fault.kind === "black_hole") return;
      if (fault.kind === "cut" && isAnswer) {
        pair.left -= bytes.length;
        if (pair.left < 0) return end(pair);
      }
      passed[isAnswer ? "answers" : "requests"] += bytes.length;
      const wait = fault.kind === "delay" ? Math.random() * fault.millis : 0;
      last = passOn(last, wait, to, bytes);
    });
    from.on("end", () => void last.then(() => to.end()));
  }

  function end(pair: Pair): void {
    if (!pairs.delete(pair)) return;
    pair.client.resetAndDestroy();
    pair.server.destroy();
  }

  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const url = new URL(target);
  url.hostname = "127.0.0.1";
  url.port = String((listener.address() as AddressInfo).port);
  return {
    url: url.href.replace(/\/$/, ""),
    passed,
    set(next) {
      fault = next;
      for (const pair of pairs) pair.left = allowance(next);
      if (next.kind === "reset") pairs.forEach(end);
    },
    async close() {
      listener.close();
      pairs.forEach(end);
      await once(listener, "close");
    },
  };
}

async function passOn(previous: Promise<void>, wait: number, to: Socket, bytes: Buffer): Promise<void> {
  await previous;
  if (wait > 0) await sleep(wait);
  to.write(bytes);
}

function allowance(fault: Fault): number {
  return fault.kind === "cut" ? fault.afterBytes : Number.POSITIVE_INFINITY;
}
