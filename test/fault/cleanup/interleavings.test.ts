import { randomUUID } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import { createPrng, type Prng } from "../../../dev/sample-logs/prng.ts";
import type { PurgeStep } from "../../../src/workflow-logs/cleanup/delete-rows.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { Platform } from "./platform.ts";
import { needs } from "../../support/needs.ts";

const full = process.env["TEST_FULL"] === "1";
const count = Number(process.env["TEST_INTERLEAVINGS"] ?? (full ? 2000 : 15));
const seed = process.env["TEST_SEED"] ?? "1";
const perArchive = 15;

class Crash extends Error {}

let open: { archive: TestArchive; proxy: FaultProxy } | undefined;
afterAll(close);

async function close(): Promise<void> {
  await open?.proxy.close();
  await open?.archive.drop();
  open = undefined;
}

const seen = { attempts: 0, crashes: 0, failures: 0, acts: 0, purged: 0, left: 0 };

/**
 * One interleaving: purges that are disturbed and ended at random, until one comes through, while an application
 * writes.
 */
async function interleave(number: number, tenantId: string): Promise<void> {
  const prng = createPrng(`purge/${seed}/${number}`);
  const { archive, proxy } = open!;
  const throughProxy = { ...archive, elasticsearchUrl: proxy.url };
  const platform = await Platform.open(archive, tenantId, prng);
  try {
    await archive.sql.query(
      "TRUNCATE workflow_runs, workflow_app_logs, workflow_node_executions, workflow_node_execution_offload",
    );
    const minute = String(number % perArchive).padStart(2, "0");
    await platform.begin(`2025-09-10 10:${minute}:00.123456`);
    await migrateOnce(archive, { scope: { tenantIds: [tenantId] } });
    const disturbed = prng.integer(1, 2);
    for (let attempt = 0; attempt <= disturbed; attempt++) {
      const faults = attempt < disturbed;
      if (prng.chance(0.5)) await platform.act();
      if (prng.chance(0.3)) await platform.spoilDocument();
      if (attempt > 0 && prng.chance(0.3)) await migrateOnce(archive, { scope: { tenantIds: [tenantId] } });
      seen.attempts++;
      await cleanupOnce(throughProxy, {
        tenantId,
        before: "2025-10-01 00:00:00.000000",
        batchRows: prng.integer(1, 4),
        atStep: disturbance(prng, platform, proxy, faults),
      }).catch(expected);
      proxy.set({ kind: "pass" });
      expect(await platform.lost(), `interleaving ${number}, attempt ${attempt}`).toEqual([]);
    }
    await platform.commitPending();
    expect(await platform.lost(), `interleaving ${number}`).toEqual([]);
    seen.purged += await platform.purged();
    seen.acts += platform.done;
  } finally {
    await platform.close();
  }
}

function disturbance(
  prng: Prng,
  platform: Platform,
  proxy: FaultProxy,
  faults: boolean,
): (step: PurgeStep) => Promise<void> {
  return async (step) => {
    if (step === "read" && prng.chance(0.15)) await platform.spoilDocument();
    if (step === "begun" && prng.chance(0.5)) await platform.commitPending();
    if (prng.chance(0.12)) await platform.act(step !== "journalled");
    if (!faults) return;
    if (prng.chance(0.03)) throw new Crash(step);
    if (prng.chance(0.02)) proxy.set({ kind: "reset" });
  };
}

function expected(error: unknown): void {
  if (error instanceof Crash) return void seen.crashes++;
  if ((error as { code?: string }).code?.startsWith("elasticsearch_") === true) return void seen.failures++;
  throw error;
}

test(
  `whatever happens meanwhile, a row is never in neither store: ${count} interleavings (TEST_SEED=${seed})`,
  async () => {
    for (let from = 0; from < count; from += perArchive) {
      open = { archive: await createTestArchive({}), proxy: await startFaultProxy(await needs("elasticsearch")) };
      const tenantId = randomUUID();
      for (let number = from; number < Math.min(count, from + perArchive); number++) await interleave(number, tenantId);
      await close();
    }
    // the interleavings met what they are about
    expect(seen.purged).toBeGreaterThan(3 * count);
    expect(seen.crashes).toBeGreaterThan(count / 10);
    expect(seen.failures).toBeGreaterThan(count / 20);
    expect(seen.acts).toBeGreaterThan(2 * count);
  },
  Math.max(300_000, 10_000 * count),
);
