import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once as event } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { verifyBackup } from "../../../src/layra/backup/verify.ts";
import { folderPlace } from "../../../src/layra/backup/place.ts";
import { backupSchedule, scheduleBackups } from "../../../src/layra/backup/schedule.ts";
import { createPool } from "../../../src/stores/postgres/connection/pool.ts";
import type { BackupWorkerArguments } from "../../support/backup-worker-main.ts";
import { createDatabase } from "../../support/database.ts";
import { testStores } from "../../support/layra.ts";
import { until } from "../../support/scheduled-sweeps.ts";

const main = fileURLToPath(new URL("../../support/backup-worker-main.ts", import.meta.url));

function startWorker(options: BackupWorkerArguments): { kill: (signal: "SIGKILL" | "SIGTERM") => Promise<void> } {
  const child = spawn(process.execPath, [main, JSON.stringify(options)], { stdio: "ignore" });
  const ended = event(child, "close");
  const kill = async (signal: "SIGKILL" | "SIGTERM"): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  onTestFinished(() => kill("SIGKILL"));
  return { kill };
}

test("L35: after kill -9 of a worker in the midst of a scheduled backup another goes on with the same backup", async () => {
  const [given, database] = await Promise.all([testStores(), createDatabase()]);
  const pool = createPool(database.url);
  onTestFinished(async () => {
    await pool.end();
    await database.drop();
    await given.close();
  });
  const redis = await given.stores.redisBytes(0);
  const keys = Array.from({ length: 8000 }, (_, at) => redis.send("SET", `key ${at}`, randomBytes(100)));
  await Promise.all(keys);
  const to = join(given.folder, "scheduled");
  const options = { databaseUrl: database.url, stores: given.stores.options, stateFile: join(given.folder, "w.db") };
  const parts = async (): Promise<string[]> =>
    (await readdir(to, { recursive: true }).catch(() => [])).filter((file) => file.endsWith(".gz"));
  const soon = new Date(Date.now() + 5000);
  const once = [soon.getUTCSeconds(), soon.getUTCMinutes(), soon.getUTCHours(), "* * *"].join(" ");
  await scheduleBackups(pool, {
    cron: once,
    timezone: "UTC",
    to,
    only: ["redis"],
    scheduledBy: "ops",
  });

  const killed = startWorker({ ...options, bytesPerSecond: 100_000 });
  await until("some parts", async () => (await parts()).length >= 2);
  await sleep(1500); // its progress is saved once a second
  await killed.kill("SIGKILL");
  const [begun, ...others] = await readdir(to);
  expect(others).toEqual([]);
  expect(await readdir(join(to, begun!))).not.toContain("manifest.json");
  const job = (await backupSchedule(pool))!.last!;
  expect(job).toMatchObject({ state: "running" });

  const other = startWorker(options);
  await until("the backup", async () => (await readdir(join(to, begun!))).includes("manifest.json"));
  const last = await until("its end", async () => {
    const end = (await backupSchedule(pool))!.last;
    return end?.state === "completed" && end;
  });
  expect(last).toMatchObject({ output: { status: "completed", id: begun, records: 8000 } });
  await other.kill("SIGTERM");
  expect(await readdir(to)).toEqual([begun]);
  const verified = await verifyBackup(folderPlace(to), begun!, new AbortController().signal);
  expect(verified).toMatchObject({ status: "ok", records: 8000 });
});
