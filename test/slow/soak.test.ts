import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterEach, expect, test } from "vitest";
import { createPrng, type Prng } from "../../dev/sample-logs/prng.ts";
import { LivePlatform } from "../fault/dirty/live-platform.ts";
import { keepTruth, untrueRows } from "../fault/live/truth.ts";
import { httpFaults } from "../fault/suite/http-faults.ts";
import { stateFaults } from "../fault/suite/state-faults.ts";
import { restoreOnce } from "../integration/restore/restore-archive.ts";
import { validateOnce } from "../integration/validate/validate-once.ts";
import { type AppProcess, startApp } from "../support/app-process.ts";
import { applyOnce } from "../support/apply-dirty.ts";
import { installOnce } from "../support/capture.ts";
import { compareStores } from "../support/compare-stores.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { type HttpFaultProxy, passOn, startHttpFaultProxy } from "../support/http-fault-proxy.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../support/test-archive.ts";

// npm run soak: a platform that writes all the time, every command beside every other, killed at random, and one fault
// after the other. SOAK_MINUTES and TEST_SEED say how long and which.

const minutes = Number(process.env["SOAK_MINUTES"] ?? 2);
const seed = process.env["TEST_SEED"] ?? "1";
const tenants = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];

let archive: TestArchive;
let platform: LivePlatform;
let toElasticsearch: HttpFaultProxy;
let toPostgres: FaultProxy;
let sql: Client;
const running = new Set<AppProcess>();
const figures = { commands: 0, killed: 0, failed: 0, faults: 0 };
afterEach(async () => {
  for (const { child } of running) child.kill("SIGKILL");
  await platform?.stop().catch(() => {});
  await toElasticsearch?.close();
  await toPostgres?.close();
  await sql?.end();
  await archive?.drop();
});

const bad = /^ {4}at |defect of the program|Unhandled/m;

/**
 * Commands one after the other until the time is over; each third is killed at a random moment. Returns what no fault
 * excuses.
 */
async function work(prng: Prng, until: number, commands: readonly (() => readonly string[])[]): Promise<string[]> {
  const broken: string[] = [];
  const stores = { ...archive, elasticsearchUrl: toElasticsearch.url, databaseUrl: toPostgres.url };
  while (Date.now() < until) {
    const args = prng.pick(commands)();
    const app = startApp(stores, ["elasticsearch", ...args], {
      ELASTICSEARCH_TIMEOUT: "2",
      ELASTICSEARCH_MAX_RETRIES: "2",
    });
    running.add(app);
    figures.commands++;
    const time = prng.chance(0.33) ? prng.integer(500, 5000) : 60_000;
    await Promise.race([app.end, sleep(time)]);
    if (app.child.exitCode === null) figures.killed++;
    app.child.kill("SIGKILL");
    const { code, stdout, stderr } = await app.end;
    running.delete(app);
    if (code === 1) figures.failed++;
    const isAsAgreed = code === null || [0, 1, 3].includes(code);
    if (!isAsAgreed || bad.test(`${stdout}\n${stderr}`)) broken.push(`${args.join(" ")}: ${code} ${stdout} ${stderr}`);
  }
  return broken;
}

/** One fault after the other, each for a while; none that takes documents away. */
async function weather(prng: Prng, until: number): Promise<void> {
  const stores = { archive, toPostgres, sql };
  // the platform's own truth lies beside it
  const { "the schema of the state is not there": _, ...others } = stateFaults;
  const lasting = Object.values(others).filter(({ losesDocuments }) => !losesDocuments);
  while (Date.now() < until) {
    await sleep(prng.integer(1000, 4000));
    figures.faults++;
    if (prng.chance(0.6)) {
      toElasticsearch.set(prng.pick(Object.values(httpFaults)));
      await sleep(prng.integer(200, 2500));
      toElasticsearch.set(passOn);
    } else {
      const fault = prng.pick(lasting);
      await fault.begin(stores);
      await sleep(prng.integer(200, 2500));
      await fault.end?.(stores);
    }
  }
}

test(
  `nothing is lost, doubled or brought back in ${minutes} minutes of work, kills and faults (TEST_SEED=${seed})`,
  { timeout: (minutes + 10) * 60_000 },
  async () => {
    const prng = (name: string): Prng => createPrng(`soak/${name}/${seed}`);
    const which = prng("tenants");
    archive = await createTestArchive({});
    await keepTruth(archive.sql);
    platform = new LivePlatform(archive, prng("platform"));
    await platform.begin(120);
    await installOnce(archive);
    await migrateOnce(archive);
    toElasticsearch = await startHttpFaultProxy(archive.elasticsearchUrl);
    toPostgres = await startFaultProxy(archive.databaseUrl);
    sql = new Client({ connectionString: archive.databaseUrl });
    await sql.connect();

    platform.start(2);
    const until = Date.now() + minutes * 60_000;
    const tenant = () => ["--tenant-id", which.pick(tenants)];
    const [broken] = await Promise.all([
      Promise.all([
        work(prng("copy"), until, [
          () => ["migrate"],
          () => ["migrate", "--follow"],
          () => ["apply-dirty"],
          () => ["apply-dirty", "--follow-deletes"],
        ]),
        work(prng("purge"), until, [
          () => ["cleanup-pg", ...tenant(), "--before-date", "2026-01-01", "--yes", "--allow-unreplicated"],
          () => ["retention", "sweep", "--retention-days", "36500", "--yes"],
          () => ["restore", ...tenant(), "--yes"],
        ]),
        work(prng("look"), until, [
          () => ["validate", "--full"],
          () => ["validate", "--full", "--repair"],
          () => ["status"],
        ]),
      ]),
      weather(prng("weather"), until),
    ]);
    await platform.stop();
    console.log(JSON.stringify({ minutes, seed, operations: platform.operations, ...figures }));
    expect(broken.flat()).toEqual([]);

    const applied = await applyOnce(archive, { untilEmpty: true, followDeletes: true });
    expect(applied).toMatchObject({ status: "completed", waiting: [], remaining: { rows: 0 } });
    for (const tenantId of tenants) await restoreOnce(archive, tenantId);
    expect(await untrueRows(archive.sql)).toEqual([]);
    await applyOnce(archive, { untilEmpty: true, followDeletes: true });
    expect((await compareStores(archive)).differences).toEqual([]);
    expect(await validateOnce(archive, { level: "full" })).toMatchObject({ status: "match", differences: [] });
  },
);
