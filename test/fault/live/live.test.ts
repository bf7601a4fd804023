import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { createPrng, type Prng } from "../../../dev/sample-logs/prng.ts";
import { restoreOnce } from "../../integration/restore/restore-archive.ts";
import { validateOnce } from "../../integration/validate/validate-once.ts";
import { type AppProcess, startApp } from "../../support/app-process.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce } from "../../support/capture.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { LivePlatform } from "../dirty/live-platform.ts";
import { keepTruth, untrueRows } from "./truth.ts";

const isFull = process.env["TEST_FULL"] === "1";
const seedCount = Number(process.env["TEST_LIVE_SEEDS"] ?? (isFull ? 20 : 1));
const firstSeed = Number(process.env["TEST_SEED"] ?? 1);
const seeds = Array.from({ length: seedCount }, (_, at) => firstSeed + at);
const commandsOfEach = isFull ? 20 : 4;

const tenants = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];

let archive: TestArchive;
let platform: LivePlatform;
const running = new Set<AppProcess>();
afterEach(async () => {
  for (const { child } of running) child.kill("SIGKILL");
  await platform.stop().catch(() => {});
  await archive.drop();
});

/**
 * Commands one after the other, about each second one of which is killed at a random moment, but the last. Returns what
 * failed by itself.
 */
async function work(prng: Prng, commands: readonly (() => readonly string[])[]): Promise<string[]> {
  const failed: string[] = [];
  for (let left = commandsOfEach; left > 0; left--) {
    const args = (left === commandsOfEach || left === 1 ? commands[0]! : prng.pick(commands))();
    const app = startApp(archive, ["elasticsearch", ...args]);
    running.add(app);
    const isKilled = left > 1 && prng.chance(0.5) && Promise.race([app.end, sleep(prng.integer(500, 4000))]);
    if (isKilled !== false) {
      await isKilled;
      app.child.kill("SIGKILL");
    }
    const { code, stdout, stderr } = await app.end;
    running.delete(app);
    if (code !== null && code !== 0 && code !== 3) failed.push(`${args.join(" ")}: ${code} ${stdout} ${stderr}`);
  }
  return failed;
}

/** Of how many partitions rows were purged, and how often rows were to be brought back. */
async function purgedAndRestored(): Promise<{ purged: number; restores: number }> {
  const { rows } = await archive.sql.query<{ purged: number; restores: number }>(
    `SELECT (SELECT count(*)::int FROM log_archive.partitions WHERE purged_since IS NOT NULL) AS purged,
            (SELECT count(*)::int FROM log_archive.runs WHERE command = 'elasticsearch restore') AS restores`,
  );
  return rows[0]!;
}

test.for(seeds)(
  "whatever a live platform writes while months are copied, purged, restored and validated side by side, and killed: nothing is lost, doubled or brought back (seed %i)",
  { timeout: 900_000 },
  async (seed) => {
    const prng = createPrng(`live/all/${seed}`);
    archive = await createTestArchive({});
    await keepTruth(archive.sql);
    platform = new LivePlatform(archive, createPrng(`live/platform/${seed}`));
    await platform.begin(120);
    await installOnce(archive);
    await migrateOnce(archive);
    platform.start(3);
    const tenant = () => ["--tenant-id", prng.pick(tenants)];
    const purge = () => ["cleanup-pg", ...tenant(), "--before-date", "2026-01-01", "--batch-size", "20"];
    const failed = await Promise.all([
      work(createPrng(`live/copy/${seed}`), [
        () => ["migrate"],
        () => ["apply-dirty"],
        () => ["apply-dirty", "--follow-deletes"],
      ]),
      work(createPrng(`live/purge/${seed}`), [() => [...purge(), "--yes", "--allow-unreplicated"]]),
      work(createPrng(`live/restore/${seed}`), [
        () => ["restore", ...tenant()],
        () => ["validate", "--full"],
        () => ["validate", "--full", "--repair"],
      ]),
    ]);
    await platform.stop();
    expect(failed.flat()).toEqual([]);
    const { purged, restores } = await purgedAndRestored();
    expect(purged).toBeGreaterThan(0);
    expect(restores).toBeGreaterThan(0);

    const applied = await applyOnce(archive, { untilEmpty: true, followDeletes: true });
    expect(applied).toMatchObject({ status: "completed", waiting: [], remaining: { rows: 0 } });
    // what is archived and what is in the tables is, together, what the platform left
    for (const tenantId of tenants) await restoreOnce(archive, tenantId);
    expect(await untrueRows(archive.sql)).toEqual([]);
    expect(await applyOnce(archive, { untilEmpty: true, followDeletes: true })).toMatchObject({ status: "completed" });
    expect((await compareStores(archive)).differences).toEqual([]);
    expect(await validateOnce(archive, { level: "full" })).toMatchObject({ status: "match", differences: [] });
    expect(await untrueRows(archive.sql)).toEqual([]);
  },
);
