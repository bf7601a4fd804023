import { afterEach, beforeEach, expect, test } from "vitest";
import { startApp } from "../../support/app-process.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce } from "../../support/capture.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { changeRun, deleteRun, documentOf, saveRun, waitingNotes } from "../../support/race-archive.ts";
import { type RequestGate, startRequestGate } from "../../support/request-gate.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
let gate: RequestGate;
beforeEach(async () => {
  archive = await createTestArchive({});
  gate = await startRequestGate(archive.elasticsearchUrl);
  await saveRun(archive, 1, "2025-08-15 10:00", "old");
  await installOnce(archive);
});
afterEach(async () => {
  gate.release();
  await gate.close();
  await archive.drop();
});

const gated = (): TestArchive => ({ ...archive, elasticsearchUrl: gate.url });

/** A command that is killed while the network still has its bulk. */
async function killedInBulk(...command: string[]): Promise<void> {
  const held = gate.hold(/_bulk/);
  const app = startApp(gated(), ["elasticsearch", ...command]);
  await held;
  app.child.kill("SIGKILL");
  await app.end;
}

async function lateBulkArrives(): Promise<void> {
  const passed = gate.passed();
  gate.release();
  await passed;
}

test.for(["apply-dirty", "migrate"])(
  "a bulk of a killed %s that arrives late never replaces a newer document",
  async (command) => {
    if (command === "apply-dirty") {
      await migrateOnce(archive);
      await changeRun(archive, 1, "ONE");
    }
    await killedInBulk(command);
    await changeRun(archive, 1, "TWO");
    await (command === "migrate" ? migrateOnce(archive) : applyOnce(archive));
    expect(await documentOf(archive, 1, "2025.08")).toBe("TWO");

    await lateBulkArrives();
    expect(await documentOf(archive, 1, "2025.08")).toBe("TWO");
    await applyOnce(archive, { untilEmpty: true });
    expect((await compareStores(archive)).differences).toEqual([]);
  },
);

test("a bulk of a killed run that arrives late brings no document back that was deleted with its row", async () => {
  await migrateOnce(archive);
  await changeRun(archive, 1, "ONE");
  await killedInBulk("apply-dirty");
  await deleteRun(archive, 1);
  await applyOnce(archive, { untilEmpty: true, followDeletes: true });

  await lateBulkArrives();
  expect(await documentOf(archive, 1, "2025.08")).toBeUndefined();
});

test("documents of an archive without versions of ours are written as before, whatever their version", async () => {
  await migrateOnce(archive);
  const index = `${archive.elasticsearchUrl}/${archive.prefix}-workflow-runs-11111111-1111-4111-8111-111111111111-2025.08`;
  const source = await (await fetch(`${index}/_source/22222222-2222-4222-8222-000000000001`)).text();
  await fetch(`${index}/_doc/22222222-2222-4222-8222-000000000001`, { method: "DELETE" });
  for (let times = 0; times < 3; times++)
    await fetch(`${index}/_doc/22222222-2222-4222-8222-000000000001`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: source,
    });
  await changeRun(archive, 1, "TWO");
  await applyOnce(archive, { untilEmpty: true });
  expect(await documentOf(archive, 1, "2025.08")).toBe("TWO");
});

test.for(["changed", "deleted"])(
  "a document from the future of a database that was set back does not hold off a row that is %s",
  async (what) => {
    await migrateOnce(archive);
    // as a standby that lacked the last transactions, or a restored backup, finds it
    const index = `${archive.elasticsearchUrl}/${archive.prefix}-workflow-runs-11111111-1111-4111-8111-111111111111-2025.08`;
    const source = {
      ...(JSON.parse(await (await fetch(`${index}/_source/22222222-2222-4222-8222-000000000001`)).text()) as object),
      outputs: "LOST",
    };
    const put = await fetch(
      `${index}/_doc/22222222-2222-4222-8222-000000000001?version=4611686018427387904&version_type=external`,
      {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(source),
      },
    );
    expect(put.status).toBe(200);
    await (what === "changed" ? changeRun(archive, 1, "TWO") : deleteRun(archive, 1));

    expect(await applyOnce(archive, { untilEmpty: true, followDeletes: true })).toMatchObject({ status: "completed" });
    expect(await documentOf(archive, 1, "2025.08")).toBe(what === "changed" ? "TWO" : undefined);
    await changeRun(archive, 1, "THREE");
    await applyOnce(archive, { untilEmpty: true });
    expect((await compareStores(archive)).differences).toEqual([]);
    expect(await waitingNotes(archive)).toBe(0);
  },
);
