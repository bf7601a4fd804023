import { access } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { supervise, type Supervisor } from "../../../../dev/servers/supervise.ts";

async function supervised(signal?: AbortSignal): Promise<Supervisor> {
  const supervisor = await supervise("test", { signal });
  onTestFinished(() => supervisor.close());
  return supervisor;
}

const sleeper = (script = "sleep 600 & echo ready; wait") => ({ file: "sh", args: ["-c", script] });
const runs = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("closing ends the process with its children and removes the folder", async () => {
  const supervisor = await supervised();
  const { pid, ended } = await supervisor.start(sleeper("sleep 600 & echo $! > child; wait"));
  await expect.poll(() => access(`${supervisor.folder}/child`)).toBeUndefined();
  await supervisor.close();
  expect(await ended).toBe("stopped");
  expect(runs(pid)).toBe(false);
  await expect(access(supervisor.folder)).rejects.toThrow(/ENOENT/);
  await supervisor.close();
});

test("a frozen process is ended too", async () => {
  const supervisor = await supervised();
  const { pid } = await supervisor.start(sleeper());
  process.kill(pid, "SIGSTOP");
  await supervisor.close();
  expect(runs(pid)).toBe(false);
});

test("after the end of one process another can be started in the same folder", async () => {
  const supervisor = await supervised();
  const first = await supervisor.start(sleeper());
  process.kill(first.pid, "SIGKILL");
  expect(await first.ended).toBe("SIGKILL");
  await supervisor.end();
  const second = await supervisor.start(sleeper());
  expect(runs(second.pid)).toBe(true);
  expect(second.hasEnded()).toBe(false);
  await supervisor.close();
  expect(runs(second.pid)).toBe(false);
});

test("a command that fails says how, with what it printed", async () => {
  const supervisor = await supervised();
  await supervisor.run({ file: "sh", args: ["-c", "exit 0"] });
  await expect(supervisor.run({ file: "sh", args: ["-c", "echo no space left; exit 3"] })).rejects.toMatchObject({
    code: "command_failed",
    message: "sh ended with 3\nno space left",
  });
  await expect(supervisor.run({ file: "/no/such/program", args: [] })).rejects.toThrow(/ENOENT/);
});

test("an abort ends everything and whatever waits fails", async () => {
  const abort = new AbortController();
  const supervisor = await supervised(abort.signal);
  const run = supervisor.run(sleeper());
  abort.abort();
  await expect(run).rejects.toMatchObject({ name: "AppError" });
  await expect(access(supervisor.folder)).rejects.toThrow(/ENOENT/);
  await expect(supervisor.start(sleeper())).rejects.toMatchObject({ code: "server_stopped" });
});
