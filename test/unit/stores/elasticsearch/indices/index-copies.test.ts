import { expect, test } from "vitest";
import {
  flushIndex,
  snapshotOf,
  readIndexFacts,
} from "../../../../../src/stores/elasticsearch/indices/index-copies.ts";
import { archiveOwner, someArchive } from "../../../../support/index-owner.ts";
import type { Answer } from "../../../../support/fake-elasticsearch.ts";
import { clientOf } from "../../../../support/fake-elasticsearch.ts";

const ours = { managed_by: "log-archive", template_version: 1, archive: someArchive };

const address = { resource: "workflow-runs", tenantId: "acme", month: "2024-05" };

interface Copy {
  shard: string;
  prirep: "p" | "r";
  state: string;
}

function cluster(settings: Record<string, string>, copies: Copy[] = [], meta: object = ours) {
  return clientOf(({ path }) =>
    path.startsWith("/_cat/shards")
      ? { body: copies }
      : {
          body: {
            a: {
              settings: { "index.uuid": "u", "index.number_of_shards": "2", ...settings },
              mappings: { _meta: meta },
            },
          },
        },
  );
}

const primaries: Copy[] = ["0", "1"].map((shard) => ({ shard, prirep: "p", state: "STARTED" }));
const replica = (shard: string, state = "STARTED"): Copy => ({ shard, prirep: "r", state });

test.each([
  ["no replica", primaries, false],
  ["a replica that the settings wish and no node has", [...primaries, replica("0"), replica("1", "UNASSIGNED")], false],
  ["a replica that is being copied", [...primaries, replica("0"), replica("1", "INITIALIZING")], false],
  ["two replicas of one shard and none of the other", [...primaries, replica("0"), replica("0")], false],
  ["a lost primary", [primaries[0]!, replica("0"), replica("1")], false],
  ["a replica of each shard", [...primaries, replica("0"), replica("1")], true],
])("%s", async (_, copies, isReplicated) => {
  const client = await cluster({}, copies);
  expect(await readIndexFacts(client, archiveOwner(), { ...address, name: "a" })).toMatchObject({
    uuid: "u",
    isOurs: true,
    isOpen: true,
    isReplicated,
  });
});

test.each([
  [{}, { isDurable: true }],
  [{ "index.translog.durability": "request" }, { isDurable: true }],
  [{ "index.translog.durability": "REQUEST" }, { isDurable: true }],
  [{ "index.translog.durability": "async" }, { isDurable: false }],
  [{ "index.verified_before_close": "true" }, { isOpen: false, isReplicated: false }],
])("settings %j", async (settings, facts) => {
  expect(
    await readIndexFacts(await cluster(settings, primaries), archiveOwner(), { ...address, name: "a" }),
  ).toMatchObject(facts);
});

test("an index of someone else, an alias and no index at all", async () => {
  expect(
    await readIndexFacts(await cluster({}, primaries, {}), archiveOwner(), { ...address, name: "a" }),
  ).toMatchObject({ isOurs: false });
  expect(
    await readIndexFacts(await cluster({}, primaries), archiveOwner(), { ...address, name: "alias" }),
  ).toMatchObject({ isOurs: false });
  const error = { type: "index_not_found_exception", reason: "no such index" };
  const missing = await clientOf(() => ({ status: 404, body: { error, status: 404 } }));
  expect(await readIndexFacts(missing, archiveOwner(), { ...address, name: "a" })).toBeUndefined();
});

test("a flush that a shard did not do is no flush", async () => {
  const flushed = (failed: number) =>
    clientOf(() => ({ body: { _shards: { total: 2, successful: 2 - failed, failed } } }));
  expect(await flushIndex(await flushed(0), "a")).toBe(true);
  expect(await flushIndex(await flushed(1), "a")).toBe(false);
});

const snapshot = {
  snapshot: "s",
  repository: "backup",
  state: "SUCCESS",
  indices: ["a", "b"],
  start_time_in_millis: 1000,
};
const unverified = {
  status: 500,
  body: { error: { type: "repository_verification_exception", reason: "no access" }, status: 500 },
};

function withSnapshots(snapshots: object[], verification: Answer = { body: { nodes: {} } }) {
  return clientOf(({ path }) =>
    path.endsWith("/_verify") ? verification : { body: { snapshots, total: snapshots.length } },
  );
}

test.each([
  ["a complete one taken after the last write", [snapshot], 999, true],
  ["one that began before the last write ended", [snapshot], 1000, false],
  ["one with shards that failed", [{ ...snapshot, state: "PARTIAL" }], 999, false],
  ["one under way", [{ ...snapshot, state: "IN_PROGRESS" }], 999, false],
  ["one of other indices", [{ ...snapshot, indices: ["ab"] }], 999, false],
  ["none", [], 0, false],
])("a snapshot counts when it is %s", async (_, snapshots, written, counts) => {
  expect(await snapshotOf(await withSnapshots(snapshots), "a", written)).toBe(counts ? "held" : "none");
});

test("a snapshot in a repository that cannot be read, or that may not be seen, does not count", async () => {
  expect(await snapshotOf(await withSnapshots([snapshot], unverified), "a", 0)).toBe("none");
  const mayNot = { type: "security_exception", reason: "action [cluster:admin/repository/verify] is unauthorized" };
  const notVerified = { status: 403, body: { error: mayNot, status: 403 } };
  expect(await snapshotOf(await withSnapshots([snapshot], notVerified), "a", 0)).toBe("held");
  const denied = { type: "security_exception", reason: "action [cluster:admin/snapshot/get] is unauthorized" };
  const forbidden = await clientOf(() => ({ status: 403, body: { error: denied, status: 403 } }));
  expect(await snapshotOf(forbidden, "a", 0)).toBe("hidden");
});
