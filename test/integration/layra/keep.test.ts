import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { backup } from "../../../src/layra/backup/backup.ts";
import { type BackupPlace, folderPlace } from "../../../src/layra/backup/place.ts";
import { parseKeep } from "../../../src/layra/backup/retention.ts";
import { noProgress } from "../../../src/runs/progress.ts";
import { sqliteHome } from "../../../src/stores/sqlite/run-home.ts";
import { openStateFile } from "../../../src/stores/sqlite/state-file.ts";
import { runStores, type TestStores, testStores } from "../../support/layra.ts";

// L33: old backups go by --keep, and never the last good one. Only the clock is not real.

let given: TestStores;
beforeAll(async () => {
  given = await testStores();
  const redis = await given.stores.redisBytes(0);
  for (let key = 0; key < 50; key++) await redis.send("SET", `key ${key}`, `value ${key}`);
});
afterEach(() => void vi.useRealTimers());
afterAll(() => given?.close());

function itIs(time: string): void {
  vi.useFakeTimers({ now: new Date(time), toFake: ["Date"] });
}

const idOf = (time: string): string => `${time.slice(0, 19).replaceAll(":", "")}Z`;

async function backUp(to: string, time: string, ...args: string[]): Promise<Record<string, unknown>> {
  itIs(time);
  const { code, json } = await runStores(given.env, "backup", "--to", to, ...args);
  expect([time, code, json["error"]]).toEqual([time, 0, undefined]);
  return json;
}

/** Every night from Saturday, the 24th of January on. */
function nights(count: number): string[] {
  return Array.from({ length: count }, (_, at) => new Date(Date.UTC(2026, 0, 24 + at, 2, 15)).toISOString());
}

test(
  "a backup each night leaves the newest of the last days, weeks and months, and each of them is whole",
  { timeout: 300_000 },
  async () => {
    const to = join(given.folder, "nightly");
    const deleted: string[] = [];
    for (const night of nights(12)) {
      const { forgotten } = await backUp(to, night, "--only", "redis", "--keep", "2d,2w,2m");
      deleted.push(...(forgotten as string[]));
    }
    // Wednesday the 4th and the day before; Sunday the 1st of the week before; the last of January.
    const kept = ["01-31", "02-01", "02-03", "02-04"].map((day) => idOf(`2026-${day}T02:15:00`));
    expect((await readdir(to)).toSorted()).toEqual(kept);
    expect(deleted.toSorted()).toEqual(
      nights(12)
        .map(idOf)
        .filter((id) => !kept.includes(id)),
    );
    vi.useRealTimers();
    for (const id of kept)
      expect((await runStores(given.env, "backup", "verify", "--from", to, "--id", id)).json).toMatchObject({
        status: "ok",
        end: "completed",
        records: 50,
      });
  },
);

test("backups of other stores stay, and so does one that was begun a day ago at most; what is older and unfinished goes", async () => {
  const to = join(given.folder, "several");
  await backUp(to, "2026-01-01T00:00:00Z", "--only", "mysql");
  for (const day of ["2026-01-02T00:00:00Z", "2026-01-03T23:00:00Z"]) {
    await backUp(to, day, "--only", "redis");
    await rm(join(to, idOf(day), "manifest.json.sha256")); // as one that was killed
    await rm(join(to, idOf(day), "manifest.json"));
  }
  await backUp(to, "2026-01-03T12:00:00Z", "--only", "redis", "--restart");
  const last = await backUp(to, "2026-01-04T00:00:00Z", "--only", "redis", "--restart", "--keep", "1d");
  expect(last["forgotten"]).toEqual(["2026-01-03T12:00:00Z", "2026-01-02T00:00:00Z"].map(idOf));
  expect((await readdir(to)).toSorted()).toEqual(
    ["2026-01-01T00:00:00Z", "2026-01-03T23:00:00Z", "2026-01-04T00:00:00Z"].map(idOf),
  );
});

test("nothing is deleted by a backup that fails, nor by one that is not what was written", async () => {
  const to = join(given.folder, "failing");
  for (const night of nights(3)) await backUp(to, night, "--only", "redis");
  const before = nights(3).map(idOf);

  itIs("2026-02-11T02:15:00Z");
  const away = { ...given.env, REDIS_URL: "redis://127.0.0.1:9" };
  const failed = await runStores(away, "backup", "--to", to, "--only", "redis", "--keep", "1d");
  expect(failed.code).toBe(1);
  expect(await readdir(to)).toEqual(expect.arrayContaining(before));

  using state = await openStateFile(join(given.folder, "keep.db"));
  const whole = folderPlace(to);
  const rotten: BackupPlace = {
    ...whole,
    store: (file, content) => whole.store(file, file.endsWith(".gz") ? flipped(content) : content),
  };
  itIs("2026-02-12T02:15:00Z");
  await expect(
    backup(
      given.stores,
      rotten,
      sqliteHome(state),
      { only: ["redis"], keep: parseKeep("1d"), restart: true },
      { signal: new AbortController().signal, progress: noProgress },
    ),
  ).rejects.toMatchObject({ code: "backup_damaged" });
  expect(await readdir(to)).toEqual(expect.arrayContaining(before));
  vi.useRealTimers();
  for (const id of before)
    expect((await runStores(given.env, "backup", "verify", "--from", to, "--id", id)).code).toBe(0);
});

function flipped(content: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(content);
  copy[copy.length >> 1]! ^= 1;
  return copy;
}
