/**
 * Stands between a program and the servers it needs: owns one folder and at most one process, and ends both when the
 * program disconnects. A program that was killed disconnects too, so nothing of it stays. Runs detached, so that Ctrl-C
 * in a terminal reaches the program only, which then stops its servers in order.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerUser } from "./server-user.ts";
import type { Command, SupervisorMessage } from "./supervise.ts";

/** A server that has not ended by then hangs, and a hanging server may not outlive the program that started it. */
const PATIENCE_MS = 20_000;

process.umask(0o022); // a stricter mask makes what is unpacked unreadable for the user the servers run as

const { prefix, user } = JSON.parse(process.argv[2] ?? "{}") as { prefix: string; user?: ServerUser };
const folder = mkdtempSync(prefix);
if (user) chownSync(folder, user.uid, user.gid);

let child: ChildProcess | undefined;
let stopSignal: NodeJS.Signals = "SIGTERM";

let closing = false;
process.on("message", (message: Command | { end: true }) => {
  if ("end" in message) void endChild().then(() => tell({ ended: true }));
  else if (!closing) start(message);
});
for (const event of ["disconnect", "SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(event, () => {
    if (!closing) void close();
    closing = true;
  });
}
tell({ folder });

function start(command: Command): void {
  const output = openSync(join(folder, "output.log"), "a");
  stopSignal = command.stopSignal ?? "SIGTERM";
  child = spawn(command.file, command.args, {
    cwd: folder, // the program's own folder may be closed to the other user
    env: { ...process.env, ...command.env },
    stdio: ["ignore", output, output],
    detached: true,
    ...(command.asUser && user ? { uid: user.uid, gid: user.gid } : {}),
  });
  child.once("spawn", () => tell({ started: child?.pid ?? 0 }));
  child.once("error", (error) => tell({ failed: error.message }));
  child.once("exit", (code, signal) => tell({ exited: signal ?? code ?? 0 }));
}

async function endChild(): Promise<void> {
  const { pid } = child ?? {};
  if (!child || !pid) return;
  const running = child.exitCode === null && child.signalCode === null;
  const exited = running ? once(child, "exit") : Promise.resolve();
  if (running) {
    signalTo(-pid, "SIGCONT"); // one that a test has frozen would not hear the next signal
    signalTo(pid, stopSignal);
    await Promise.race([exited, sleep(PATIENCE_MS)]);
  }
  signalTo(-pid, "SIGKILL"); // what is left of its process group
  await exited;
  child = undefined;
}

async function close(): Promise<void> {
  await endChild();
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  process.exit(0);
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function tell(message: SupervisorMessage): void {
  if (!process.connected) return;
  process.send?.(message, undefined, {}, () => {}); // a program that has just gone is noticed by its disconnect
}
