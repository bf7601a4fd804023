import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPrng } from "../../../dev/sample-logs/prng.ts";
import { applyDirty } from "../../../src/vectors/dual-write/apply-dirty.ts";
import { recordOf } from "../../../src/vectors/records/records.ts";
import { savePhase } from "../../../src/vectors/state/phases.ts";
import { verify } from "../../../src/vectors/verify/verify.ts";
import { sync } from "../../../src/vectors/sync/sync.ts";
import { milvusEnvironment, startMilvusApp } from "../../support/milvus-cli.ts";
import { expectEqualStores, newTenant, still, type TestVectors, testVectors, vectorOf } from "../../support/vectors.ts";

const full = process.env["TEST_FULL"] !== undefined;
const size = full ? { notes: 100_000, tenants: 20, kills: 10 } : { notes: 1500, tenants: 2, kills: 3 };

let vectors: TestVectors;
const processes = new Set<ChildProcess>();
beforeAll(async () => {
  vectors = await testVectors({ weaviateTimeout: 10_000, milvusTimeout: 5_000 });
});
afterAll(async () => {
  for (const child of processes) child.kill("SIGKILL");
  await vectors?.close();
});

function startWriter(number: number, tenant: string): ChildProcess {
  const worker = new URL("../../support/vectors-app.ts", import.meta.url);
  const { options, connections } = vectors;
  const given = JSON.stringify({ number, tenant, options, stateFile: connections.state.path });
  const child = fork(worker, [given], { execArgv: [], stdio: "ignore" });
  processes.add(child);
  return child;
}

test(
  "V37: a sync that is killed again and again, while killed applications write, ends with both stores equal",
  { timeout: full ? 3_600_000 : 300_000 },
  async () => {
    const { connections, options } = vectors;
    const { state, stores } = connections;
    const tenants = Array.from({ length: size.tenants }, newTenant);
    for (const tenant of tenants) {
      for (let at = 0; at < size.notes / size.tenants; at += 250) {
        const records = Array.from({ length: 250 }, (_, one) =>
          recordOf({ uniqueid: `n${at + one}`, recordType: "note", title: `${at}`, vector: vectorOf(at, one, 1) }),
        );
        await stores.weaviate.put(tenant, records);
      }
      await state.write((db) => savePhase(db, tenant, { phase: "sync", readPercent: 0, shadow: false }, []));
    }
    const random = createPrng("kill -9");
    const env = milvusEnvironment(options, state.path);
    for (let kill = 0; kill < size.kills; kill++) {
      const writer = startWriter(kill, tenants[kill % tenants.length]!);
      const app = startMilvusApp(env, ["sync", "--json", "--batch-size", "50", "--max-rps", full ? "5000" : "200"]);
      processes.add(app.child);
      await Promise.race([once(writer, "message"), sleep(10_000)]);
      await sleep(500 + 1500 * random.float());
      app.child.kill("SIGKILL");
      writer.kill("SIGKILL");
      await app.end;
    }
    const report = await sync(connections, {}, still);
    expect(report.status).toBe("completed");
    expect((await applyDirty(connections, [], AbortSignal.timeout(200_000))).left).toBe(0);
    expect(await verify(connections, {}, still)).toMatchObject({ result: "match" });
    for (const tenant of tenants) await expectEqualStores(connections, tenant);
  },
);
