import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { createPrng, type Prng } from "../../../dev/sample-logs/prng.ts";
import { validateOnce } from "../../integration/validate/validate-once.ts";
import { startApp } from "../../support/app-process.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce } from "../../support/capture.ts";
import { compareStores, type Difference } from "../../support/compare-stores.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { LivePlatform } from "./live-platform.ts";

const seedCount = Number(process.env["TEST_LIVE_SEEDS"] ?? (process.env["TEST_FULL"] === "1" ? 40 : 2));
const firstSeed = Number(process.env["TEST_SEED"] ?? 1);
const seeds = Array.from({ length: seedCount }, (_, at) => firstSeed + at);
const kills = 2;

let archive: TestArchive;
let platform: LivePlatform;
let running: AbortController;
afterEach(async () => {
  running.abort();
  await platform.stop().catch(() => {});
  await archive.drop();
});

async function begin(prng: Prng): Promise<void> {
  running = new AbortController();
  archive = await createTestArchive({});
  platform = new LivePlatform(archive, prng);
  await platform.begin(60);
}

/** Commands one after the other, while the platform writes; each is killed at a random moment of its work. */
async function killAll(prng: Prng, commands: readonly (readonly string[])[]): Promise<void> {
  for (let kill = 0; kill < kills; kill++) {
    const begun = await runsBegun();
    const app = startApp(archive, ["elasticsearch", ...(kill === 0 ? commands[0]! : prng.pick(commands))]);
    running.signal.addEventListener("abort", () => app.child.kill("SIGKILL"));
    while (app.child.exitCode === null && (await runsBegun()) === begun) await sleep(20);
    await Promise.race([app.end, sleep(prng.integer(0, 1200))]);
    app.child.kill("SIGKILL");
    await app.end;
  }
}

async function runsBegun(): Promise<number> {
  const { rows: made } = await archive.sql.query("SELECT to_regclass('log_archive.runs') AS runs");
  if (made[0]?.runs === null) return 0;
  const { rows } = await archive.sql.query<{ runs: number }>("SELECT count(*)::int AS runs FROM log_archive.runs");
  return rows[0]!.runs;
}

const nothingLeft = { status: "completed", waiting: [], remaining: { rows: 0 }, warnings: [] };

async function differences(): Promise<Difference[]> {
  return (await compareStores(archive)).differences;
}

test.for(seeds)(
  "whatever a live platform writes while commands are killed, both stores are equal in the end (seed %i)",
  { timeout: 240_000 },
  async (seed) => {
    const prng = createPrng(`live/${seed}`);
    await begin(prng);
    const follows = seed % 2 === 0;
    const applyDirty = ["apply-dirty", ...(follows ? ["--follow-deletes"] : [])];
    await installOnce(archive);
    platform.start(4);
    await killAll(prng, [["migrate"], applyDirty]);
    await migrateOnce(archive); // to its end, so that no later one copies again what was missed
    await killAll(prng, [[...applyDirty, "--until-empty"], applyDirty]);
    await Promise.all([applyOnce(archive, { followDeletes: follows }), applyOnce(archive, { followDeletes: follows })]);
    await platform.stop();
    expect(platform.operations).toBeGreaterThan(1000);

    expect(await applyOnce(archive, { untilEmpty: true })).toMatchObject(nothingLeft);

    // Documents of deleted rows stay; all else is equal.
    const extra = await differences();
    expect(extra.filter(({ at, id }) => at !== "row" || !platform.deleted.has(id))).toEqual([]);

    expect(await applyOnce(archive, { untilEmpty: true, followDeletes: true })).toMatchObject(nothingLeft);
    expect(await differences()).toEqual([]);
    expect(await validateOnce(archive, { level: "full" })).toMatchObject({ status: "match" });
    const { rows } = await archive.sql.query(
      "SELECT (SELECT count(*)::int FROM log_archive.dirty_rows) AS dirty, (SELECT count(*)::int FROM log_archive.deleted_rows) AS deleted",
    );
    expect(rows).toEqual([{ dirty: 0, deleted: 0 }]);
  },
);

test("without capture the same ends in differences", async () => {
  const prng = createPrng(`live/${firstSeed}`);
  await begin(prng);
  platform.start(4);
  await killAll(prng, [["migrate"]]);
  await migrateOnce(archive);
  await platform.stop();

  await migrateOnce(archive);
  await applyOnce(archive, { untilEmpty: true, followDeletes: true });

  expect(await differences()).not.toEqual([]);
  expect(await validateOnce(archive, { level: "full" })).toMatchObject({ status: "mismatch" });
});
