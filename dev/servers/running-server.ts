import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../src/engine/errors.ts";
import type { RunningProcess, Supervisor } from "./supervise.ts";

/** One server of our own, that ends with this program at the latest. */
export interface RunningServer {
  url: string;
  /** Of the server itself; another one after a restart. */
  readonly pid: number;
  /** Sends a signal to the server: SIGKILL crashes it, SIGSTOP and SIGCONT freeze and thaw it. */
  kill: (signal: NodeJS.Signals) => void;
  /** Ends the server if it still runs, and starts it again with the same data at the same address. */
  restart: () => Promise<void>;
  /** Ends the server and removes its folder. */
  stop: () => Promise<void>;
}

const LONGEST_START_MS = 120_000;

/** Asks `check` until it answers with something; fails when the server's process has ended or takes too long. */
export async function untilReady<T>(
  name: string,
  server: RunningProcess,
  supervisor: Supervisor,
  check: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + LONGEST_START_MS;
  for (;;) {
    const ready = await check().catch(() => undefined);
    if (ready !== undefined) return ready;
    if (server.hasEnded() || Date.now() > deadline) break;
    await sleep(100);
  }
  const outcome = server.hasEnded() ? `ended (${await server.ended}) before it answered` : "did not answer in time";
  throw new AppError("server_not_started", `${name} ${outcome}\n${await supervisor.outputTail()}`.trim());
}
