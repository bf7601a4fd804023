import { fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { AppError } from "../../src/engine/errors.ts";
import type { ServerUser } from "./server-user.ts";

export interface Command {
  file: string;
  args: string[];
  /** Added to the environment of this program. */
  env?: Record<string, string>;
  /** Run as the supervisor's user instead of as the user of this program. */
  asUser?: boolean;
  /** The signal that ends it in order; SIGTERM when not given. */
  stopSignal?: NodeJS.Signals;
}

export interface RunningProcess {
  pid: number;
  /** Its exit code, or the signal that ended it, or "stopped" when the supervisor was closed. */
  ended: Promise<number | string>;
  hasEnded: () => boolean;
}

/** A folder and at most one process at a time, both of which end with this program, even when it is killed. */
export interface Supervisor {
  folder: string;
  start: (command: Command) => Promise<RunningProcess>;
  /** Runs a command to its end; throws with the end of its output when it does not exit with 0. */
  run: (command: Command) => Promise<void>;
  /** Ends the process; the folder stays. */
  end: () => Promise<void>;
  /** What the processes printed last. */
  outputTail: () => Promise<string>;
  /** Ends the process and removes the folder. Harmless when repeated. */
  close: () => Promise<void>;
}

export interface SuperviseOptions {
  user?: ServerUser | undefined;
  /** Where the folder is made; the system's temporary folder when not given. */
  parent?: string;
  /** Closes the supervisor, so that whatever waits for it fails. */
  signal?: AbortSignal | undefined;
}

export interface SupervisorMessage {
  folder?: string;
  started?: number;
  failed?: string;
  exited?: number | string;
  ended?: true;
}

export async function supervise(name: string, options: SuperviseOptions = {}): Promise<Supervisor> {
  const { user, parent = tmpdir(), signal } = options;
  signal?.throwIfAborted();
  const child = fork(
    join(import.meta.dirname, "supervisor.ts"),
    [JSON.stringify({ prefix: join(parent, `log-archive-${name}-`), user })],
    { detached: true, execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] },
  );
  const gone = once(child, "exit");
  gone.catch(() => {}); // told by message() to whoever waits

  async function message<K extends keyof SupervisorMessage>(key: K): Promise<NonNullable<SupervisorMessage[K]>> {
    return new Promise((resolve, reject) => {
      const settle = (received: SupervisorMessage) => {
        const value = received[key];
        if (value === undefined && received.failed === undefined) return;
        child.off("message", settle);
        if (value === undefined) reject(new AppError("server_not_started", received.failed ?? ""));
        else resolve(value);
      };
      child.on("message", settle);
      const stopped = () => reject(new AppError("server_stopped", `The supervisor of ${name} ended`));
      gone.then(stopped, stopped);
    });
  }

  async function start(command: Command): Promise<RunningProcess> {
    if (!child.connected) throw new AppError("server_stopped", `${name} was stopped`);
    let over = false;
    const started = message("started");
    const ended = message("exited").catch(() => "stopped");
    child.send(command);
    void ended.then(() => (over = true));
    return { pid: await started, ended, hasEnded: () => over };
  }

  async function outputTail(): Promise<string> {
    const output = await readFile(join(folder, "output.log"), "utf8").catch(() => "");
    return output.slice(-3000).trim();
  }

  async function run(command: Command): Promise<void> {
    const { ended } = await start(command);
    const outcome = await ended;
    if (outcome === 0) return;
    const output = await outputTail();
    throw new AppError("command_failed", `${basename(command.file)} ended with ${outcome}\n${output}`.trim());
  }

  async function end(): Promise<void> {
    if (!child.connected) return;
    const ended = message("ended");
    child.send({ end: true });
    await ended;
  }

  async function close(): Promise<void> {
    if (child.connected) child.disconnect();
    await gone;
  }

  signal?.addEventListener("abort", () => void close(), { once: true });
  const folder = await message("folder");
  return { folder, start, run, end, outputTail, close };
}
