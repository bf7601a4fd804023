import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import {
  createRetentionArchive,
  indexExists,
  journal,
  outcomes,
  putIndex,
  request,
  sweepOnce,
} from "../../support/retention-archive.ts";
import { createSnapshotRepository, type SnapshotRepository } from "../../support/snapshot-repository.ts";
import type { TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
let repository: SnapshotRepository;
beforeAll(async () => {
  archive = await createRetentionArchive();
  repository = await createSnapshotRepository(archive);
});
afterAll(async () => {
  await repository.drop();
  await archive.drop();
});

const old = ["2020-01-05T00:00:00.000000Z", "2020-01-06T00:00:00.000000Z"];

interface Snapshot {
  snapshot: string;
  state: string;
  indices: string[];
}

async function snapshotsOf(tenantId: string): Promise<Snapshot[]> {
  const { snapshots } = (await request(archive, "GET", `_snapshot/${repository.name}/_all`)) as {
    snapshots: Snapshot[];
  };
  return snapshots.filter(({ snapshot }) => snapshot.includes(tenantId));
}

test("each tenant gets one whole snapshot of exactly what goes, and every document comes back from it", async () => {
  const tenants = [randomUUID(), randomUUID()];
  const gone: string[] = [];
  for (const tenantId of tenants) {
    for (const month of ["2020-01", "2020-02"]) gone.push(await putIndex(archive, { tenantId, month, createdAt: old }));
    await putIndex(archive, { tenantId, month: "2099-12", createdAt: ["2099-12-01T00:00:00.000000Z"] });
  }
  const args = tenants.flatMap((tenantId) => ["--tenant-id", tenantId]);
  const sweep = ["elasticsearch", "retention", "sweep", ...args, "--snapshot-repository", repository.name];
  const dry = await runAppHere(archive, [...sweep, "--dry-run", "--json"]);
  expect(JSON.parse(dry.stdout)).toMatchObject({ snapshots: [], totals: { wouldDelete: { indices: 4 } } });
  expect(await snapshotsOf(tenants[0]!)).toEqual([]);

  const end = await runAppHere(archive, [...sweep, "--yes", "--json"]);

  expect(end.code).toBe(0);
  expect(JSON.parse(end.stdout)).toMatchObject({ snapshots: [{}, {}], totals: { deleted: { indices: 4 } } });
  for (const tenantId of tenants) {
    const taken = await snapshotsOf(tenantId);
    const mine = gone.filter((name) => name.includes(tenantId));
    expect(taken).toMatchObject([{ state: "SUCCESS" }]);
    expect(taken[0]!.indices.toSorted()).toEqual(mine.toSorted());
    expect(await journal(archive, tenantId)).toMatchObject(
      mine.map((name) => ({ index_name: name, snapshot: `${repository.name}/${taken[0]!.snapshot}` })),
    );
    for (const name of mine) expect(await indexExists(archive, name)).toBe(false);
    const back = `_snapshot/${repository.name}/${taken[0]!.snapshot}/_restore?wait_for_completion=true`;
    await request(archive, "POST", back, { indices: mine });
    for (const name of mine) expect(await request(archive, "GET", `${name}/_count`)).toMatchObject({ count: 2 });
  }
});

test("without a whole snapshot nothing goes", async () => {
  const tenantId = randomUUID();
  const name = await putIndex(archive, { tenantId, month: "2020-01", createdAt: old });
  const args = ["--tenant-id", tenantId, "--snapshot-repository", repository.readOnly, "--yes"];
  const end = await runAppHere(archive, ["elasticsearch", "retention", "sweep", ...args, "--json"]);
  expect(end.code).toBe(3);
  expect(JSON.parse(end.stdout)).toMatchObject({
    status: "completed_with_findings",
    snapshots: [],
    indices: [{ name, action: "kept", reason: "snapshot_failed", detail: expect.stringMatching(/readonly/) }],
  });
  expect(await indexExists(archive, name)).toBe(true);
  expect(await journal(archive, tenantId)).toEqual([]);
});

test("a sweep that dies behind its snapshot takes another, and what was written between is not lost", async () => {
  const tenantId = randomUUID();
  const name = await putIndex(archive, { tenantId, month: "2020-01", createdAt: old });
  const call = { tenantIds: [tenantId], snapshotRepository: repository.name };
  const die = (step: string): void => {
    if (step === "snapshotted") throw new Error("died");
  };
  await expect(sweepOnce(archive, { ...call, atStep: die })).rejects.toThrow("died");
  expect(await snapshotsOf(tenantId)).toHaveLength(1);
  expect(await indexExists(archive, name)).toBe(true);

  // a document that is written again counts no more and is no younger, but the snapshot has another
  const write = async (step: string): Promise<void> => {
    if (step === "snapshotted") await request(archive, "PUT", `${name}/_doc/0`, { id: "0", created_at: old[0] });
  };
  const written = await sweepOnce(archive, { ...call, atStep: write });
  expect(outcomes(written)).toEqual({ [name]: "kept: written_meanwhile" });
  expect(await indexExists(archive, name)).toBe(true);

  expect(outcomes(await sweepOnce(archive, call))).toEqual({ [name]: "deleted: past_retention" });
  expect(await snapshotsOf(tenantId)).toHaveLength(3);
});
