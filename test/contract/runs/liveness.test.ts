import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { adapters } from "./homes.ts";
import { openHome, type OpenHome } from "./homes-by-address.ts";

const { memory: _inOneProcess, ...shared } = adapters;
const script = new URL("./run-process.ts", import.meta.url).pathname;

describe.each(Object.entries(shared))("a process with a run in %s", (_name, open) => {
  let opened: OpenHome;
  const children: ChildProcess[] = [];
  beforeEach(async () => (opened = await open()));
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await opened.close();
  });

  /** A process in the midst of a run. */
  async function startRun(): Promise<{ id: string; child: ChildProcess }> {
    const child = spawn(process.execPath, [script, opened.address!], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    const [id] = (await once(child.stdout, "data")) as [Buffer];
    return { id: id.toString().trim(), child };
  }

  async function status(id: string): Promise<string | undefined> {
    return (await opened.home.runs.find(id))?.status;
  }

  test("has died when it is killed, and what it held is free", async () => {
    const { id, child } = await startRun();
    expect(await status(id)).toBe("running");
    const locks = await opened.home.openLocks();
    expect(await locks.tryLock("work")).toBe(false);
    child.kill("SIGKILL");
    await once(child, "exit");
    await expect.poll(() => status(id), { timeout: 5000 }).toBe("died");
    expect(await locks.tryLock("work")).toBe(true);
    locks.close();
  });

  test("lives while it is suspended, however long it says nothing", async () => {
    const { id, child } = await startRun();
    child.kill("SIGSTOP");
    const before = (await opened.home.runs.find(id))!.heartbeatAt;
    await expect.poll(async () => Date.now() - Date.parse(before), { timeout: 20_000 }).toBeGreaterThan(6000);
    expect(await status(id)).toBe("running");
    const locks = await opened.home.openLocks();
    expect(await locks.tryLock("work")).toBe(false);
    locks.close();
    child.kill("SIGCONT");
    expect(await status(id)).toBe("running");
  });

  test("is not needed: locks of another opening of the same home count as well", async () => {
    const other = await openHome(opened.address!);
    const [one, two] = [await opened.home.openLocks(), await other.home.openLocks()];
    expect([await one.tryLock("a"), await two.tryLock("a")]).toEqual([true, false]);
    one.close();
    await expect.poll(() => two.tryLock("a"), { timeout: 10_000 }).toBe(true);
    two.close();
    await other.close();
  });

  test("is one of many, of which only the killed have died", async () => {
    const all = await Promise.all(Array.from({ length: 4 }, startRun));
    for (const { child } of all.slice(0, 2)) child.kill("SIGKILL");
    const statuses = () => Promise.all(all.map(({ id }) => status(id)));
    await expect.poll(statuses, { timeout: 5000 }).toEqual(["died", "died", "running", "running"]);
    const address = opened.address!;
    if (!path.isAbsolute(address)) return;
    (await opened.home.openLocks()).close();
    const sessions = (await readdir(path.dirname(address))).filter((name) => name.includes("-session-"));
    expect(sessions).toHaveLength(2); // those of the dead are taken away by the next
  });
});
