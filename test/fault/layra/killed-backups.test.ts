import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startApp } from "../../support/app-process.ts";
import { contentsOf } from "../../support/layra-contents.ts";
import { fillHostile } from "../../support/layra-hostile.ts";
import { runStores, type TestStores, testStores } from "../../support/layra.ts";

const full = process.env["TEST_FULL"] !== undefined;
const kills = full ? 20 : 4;
const size = full
  ? { documents: 100_000, keys: 100_000, objects: 2000, rows: 20_000 }
  : { documents: 6000, keys: 8000, objects: 300, rows: 3000 };

let source: TestStores;
let target: TestStores;
beforeAll(async () => {
  [source, target] = await Promise.all([testStores({ ownMilvus: true }), testStores({ ownMilvus: true })]);
  await fillHostile(source.stores, size);
}, 600_000);
afterAll(async () => {
  await Promise.all([source?.close(), target?.close()]);
});

/**
 * The command again and again, killed after a time that grows, until it is done. Returns how often it was killed in its
 * midst.
 */
async function killed(env: Record<string, string>, args: string[], begun: () => Promise<boolean>): Promise<number> {
  let midst = 0;
  for (let at = 0; at < kills; at++) {
    const app = startApp(
      { databaseUrl: "", elasticsearchUrl: "http://127.0.0.1:9", prefix: "none" },
      ["stores", ...args, "--json"],
      env,
    );
    for (let waited = 0; waited < 20_000 && !(await begun()) && app.child.exitCode === null; waited += 20)
      await sleep(20);
    await sleep(150 + 200 * at);
    app.child.kill("SIGKILL");
    const { signal } = await app.end;
    if (signal === "SIGKILL") midst++;
  }
  return midst;
}

test(
  "a backup and a restore that are killed -9 again and again go on by the same command, and nothing is lost or twice",
  { timeout: full ? 3_600_000 : 300_000 },
  async () => {
    const to = join(source.folder, "backups");
    const begun = async (): Promise<boolean> => (await readdir(to).catch(() => [])).length > 0;
    expect(await killed(source.env, ["backup", "--to", to], begun)).toBeGreaterThan(0);
    const { code, json } = await runStores(source.env, "backup", "--to", to);
    expect([json["error"], code]).toEqual([undefined, 0]);
    expect(await readdir(to)).toEqual([json["id"]]); // one backup, however often it was begun
    expect((await runStores(source.env, "backup", "verify", "--from", to)).json).toMatchObject({ status: "ok" });

    const db = await target.stores.mongodb();
    const restoring = async (): Promise<boolean> =>
      (await db.listCollections({}, { nameOnly: true }).toArray()).length > 0;
    expect(await killed(target.env, ["restore", "--from", to], restoring)).toBeGreaterThan(0);
    const restored = await runStores(target.env, "restore", "--from", to);
    expect([restored.json["error"], restored.code]).toEqual([undefined, 0]);
    const [is, wanted] = [await contentsOf(target.stores), await contentsOf(source.stores)];
    for (const store of Object.keys(wanted)) expect({ [store]: is[store] }).toEqual({ [store]: wanted[store] });
  },
);

test(
  "a Redis that was restarted in between is read anew, for its positions mean nothing any more",
  { timeout: 120_000 },
  async () => {
    const { redisAdapter } = await import("../../../src/layra/backup/adapters/redis.ts");
    const adapter = redisAdapter(source.stores);
    const [section] = await adapter.sections();
    const server = JSON.stringify({ server: "another", position: "12" });
    expect(await adapter.accepts(section!, server)).toBe(false);
    for await (const { cursor } of adapter.read(section!, undefined, new AbortController().signal)) {
      expect(await adapter.accepts(section!, cursor!)).toBe(true);
      break;
    }
  },
);
