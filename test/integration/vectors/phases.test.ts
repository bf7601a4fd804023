import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DualWrite } from "../../../src/vectors/dual-write/dual-write.ts";
import { rollbackPhase, setPhase } from "../../../src/vectors/phases/set-phase.ts";
import { showPhases } from "../../../src/vectors/phases/show-phases.ts";
import { inSetup, type Phase, readPhase } from "../../../src/vectors/state/phases.ts";
import { sync } from "../../../src/vectors/sync/sync.ts";
import { verify } from "../../../src/vectors/verify/verify.ts";
import {
  drained,
  expectEqualStores,
  newTenant,
  still,
  type TestVectors,
  testVectors,
  vectorOf,
} from "../../support/vectors.ts";

let vectors: TestVectors;
beforeAll(async () => {
  vectors = await testVectors();
});
afterAll(() => vectors?.close());

const go = (tenant: string, phase: Phase, more: object = {}): Promise<unknown> =>
  setPhase(vectors.connections, { tenant, phase, ...more }, still.signal);

test("V31, V36: a tenant begins in setup, each change is kept and shown, and taken back one by one", async () => {
  const tenant = newTenant();
  expect(await readPhase(vectors.connections.state, tenant)).toEqual(inSetup);
  await expect(rollbackPhase(vectors.connections, tenant, false, still.signal)).rejects.toMatchObject({
    code: "no_phase_change",
  });
  await go(tenant, "dual_write", { shadow: true });
  await go(tenant, "sync");
  const [shown] = await showPhases(vectors.connections.state, [tenant]);
  expect(shown).toMatchObject({ tenant, phase: "sync", shadow: true, backlog: { dirty: 0, refused: 0 } });
  expect(shown!.changes.map(({ before, after }) => [before.phase, after.phase])).toEqual([
    ["dual_write", "sync"],
    ["setup", "dual_write"],
  ]);
  const back = await rollbackPhase(vectors.connections, tenant, false, still.signal);
  expect(back).toMatchObject({ before: { phase: "sync" }, after: { phase: "dual_write", shadow: true } });
});

test("V36: a phase in which notes would be missed is refused, with the reasons, and nothing is changed", async () => {
  const { connections } = vectors;
  const tenant = newTenant();
  await connections.stores.weaviate.put(tenant, []);
  await expect(go(tenant, "full")).rejects.toThrow(/not copied[^]*never compared/);
  await expect(go(tenant, "read_migration", { readPercent: 5 })).rejects.toMatchObject({ code: "phase_refused" });
  expect(await readPhase(connections.state, tenant)).toEqual(inSetup);
  await go(tenant, "sync");
  await expect(go(tenant, "sync", { readPercent: 5 })).rejects.toMatchObject({ code: "invalid_percent" });
  const dual = new DualWrite(connections.state, connections.stores);
  await dual.insertRecord(tenant, { uniqueid: "a", vector: vectorOf(1) });
  await dual.insertRecord(tenant, { uniqueid: "short" });
  await drained(connections, tenant);
  await sync(connections, { tenants: [tenant] }, still);
  await verify(connections, { tenants: [tenant] }, still);
  await expect(go(tenant, "read_migration")).rejects.toThrow(/refused 1 writes[^]*differed[^]*refused 1 records/);
  await dual.deleteRecord(tenant, "short");
  await drained(connections, tenant);
  await verify(connections, { tenants: [tenant] }, still);
  await go(tenant, "read_migration", { readPercent: 100 });
  await go(tenant, "full");
  expect(await readPhase(connections.state, tenant)).toEqual({ phase: "full", readPercent: 0, shadow: false });
  await dual.close();
});

test("V36: the way back is refused while Weaviate lacks writes of Milvus, and forced ones are not overwritten in silence", async () => {
  const { connections } = vectors;
  const tenant = newTenant();
  await go(tenant, "full", { force: true });
  const dual = new DualWrite(connections.state, connections.stores);
  await dual.insertRecord(tenant, { uniqueid: "a", title: "new", vector: vectorOf(1) });
  // Weaviate would round this, so it is in Milvus alone.
  await dual.insertRecord(tenant, { uniqueid: "big", created: 2n ** 60n, vector: vectorOf(1) });
  await drained(connections, tenant);
  await expect(go(tenant, "sync")).rejects.toThrow(/Weaviate has refused 1 writes/);
  expect((await readPhase(connections.state, tenant)).phase).toBe("full");
  await go(tenant, "sync", { force: true });
  const [shown] = await showPhases(connections.state, [tenant]);
  expect(shown).toMatchObject({ phase: "sync", backlog: { conflict: 1 } });
  expect(shown!.changes[0]!.forcedAgainst.length).toBeGreaterThan(0);
  expect(await connections.stores.milvus.get(tenant, ["big"])).toHaveLength(1);
  await dual.close();
});

interface Told {
  readonly written: Record<string, string | null>;
  readonly reads: number;
  readonly wrong: string[];
  readonly failed: string[];
}

/** Rejects when the process ends without one. */
async function nextMessage(app: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  try {
    return await Promise.race([
      once(app, "message", { signal: over.signal }).then(([message]) => message as unknown),
      once(app, "exit", { signal: over.signal }).then(([code]) => {
        throw new Error(`The application ended with ${String(code)} and said nothing`);
      }),
    ]);
  } finally {
    over.abort();
  }
}

test(
  "V31 to V36: five phases and back while two processes write and read: no write is lost, no read is old",
  { timeout: 400_000 },
  async () => {
    const { connections, options } = vectors;
    const tenant = newTenant();
    const worker = new URL("../../support/vectors-app.ts", import.meta.url);
    const apps = [0, 1].map((number) =>
      fork(worker, [JSON.stringify({ number, tenant, options, stateFile: connections.state.path })], { execArgv: [] }),
    );
    try {
      await Promise.all(apps.map(nextMessage));
      const path: [Phase, object?][] = [
        ["dual_write", { shadow: true }],
        ["sync"],
        ["read_migration", { readPercent: 30 }],
        ["read_migration", { readPercent: 100 }],
        ["full"],
        ["read_migration", { readPercent: 50 }],
        ["full"],
        ["sync"],
        ["setup"],
      ];
      for (const [phase, more] of path) {
        await go(tenant, phase, more);
        if (phase === "sync") {
          await sync(connections, { tenants: [tenant], batchSize: 50 }, still);
          expect(await verify(connections, { tenants: [tenant] }, still)).toMatchObject({ result: "match" });
        }
        await new Promise((resolve) => setTimeout(resolve, 1500));
        if (phase === "full")
          expect(await verify(connections, { tenants: [tenant] }, still)).toMatchObject({ result: "match" });
      }
      const ends = await Promise.all(
        apps.map(async (app) => {
          const ended = nextMessage(app);
          app.send("stop");
          return (await ended) as Told;
        }),
      );
      for (const { reads, wrong, failed } of ends) {
        expect(failed).toEqual([]);
        expect(wrong).toEqual([]);
        expect(reads).toBeGreaterThan(20);
      }
      const kept = new Map<string, unknown>();
      for await (const records of connections.stores.weaviate.records(tenant))
        for (const { uniqueid, properties } of records) kept.set(uniqueid, properties.title);
      for (const { written } of ends)
        for (const [id, title] of Object.entries(written)) expect([id, kept.get(id) ?? null]).toEqual([id, title]);
      await go(tenant, "dual_write");
      await sync(connections, { tenants: [tenant] }, still);
      await verify(connections, { tenants: [tenant], repair: true, deleteExtra: true }, still);
      await expectEqualStores(connections, tenant);
    } finally {
      for (const app of apps) app.kill("SIGKILL");
    }
  },
);
