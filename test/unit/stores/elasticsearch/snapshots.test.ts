import type { estypes } from "@elastic/elasticsearch";
import { expect, test } from "vitest";
import { snapshotFault, takeSnapshot } from "../../../../src/stores/elasticsearch/snapshots.ts";
import { clientAndSeen } from "../../../support/fake-elasticsearch.ts";

const whole = {
  snapshot: "s",
  uuid: "u",
  state: "SUCCESS",
  indices: ["a", "b"],
  shards: { total: 2, successful: 2, failed: 0 },
  failures: [],
} as unknown as estypes.SnapshotSnapshotInfo;

test.each([
  ["has every index whole", whole, undefined],
  ["has more than was asked for", { ...whole, indices: ["a", "b", "c"] }, undefined],
  ["is not there", undefined, /does not have it/],
  ["is partial", { ...whole, state: "PARTIAL" }, /PARTIAL/],
  ["failed", { ...whole, state: "FAILED", failures: [{ reason: "no primary" }] }, /FAILED: no primary/],
  ["lacks a shard", { ...whole, shards: { total: 2, successful: 1, failed: 1 } }, /1 of its 2 shards/],
  ["lacks a shard that did not fail either", { ...whole, shards: { total: 2, successful: 1, failed: 0 } }, /shards/],
  ["says nothing of shards", { ...whole, shards: undefined }, /shards/],
  ["lacks an index", { ...whole, indices: ["a", "c"] }, /does not have b/],
] as [string, estypes.SnapshotSnapshotInfo | undefined, RegExp | undefined][])(
  "a snapshot that %s",
  (_, info, fault) => {
    if (fault === undefined) expect(snapshotFault(info, ["a", "b"])).toBeUndefined();
    else expect(snapshotFault(info, ["a", "b"])).toMatch(fault);
  },
);

test.each([
  ["may be deleted is deleted", 200, /^its state is PARTIAL$/],
  [
    "may not be deleted is named with what removes it",
    403,
    /PARTIAL; it was left .*DELETE _snapshot\/repo\/one .*manage/,
  ],
] as const)("a snapshot that is not whole and %s", async (_, status, fault) => {
  const { client, seen } = await clientAndSeen(({ method }) => {
    if (method === "GET") return { body: { snapshots: [{ ...whole, state: "PARTIAL" }] } };
    if (method === "DELETE" && status === 403)
      return { status, body: { error: { type: "security_exception", reason: "needs [manage]" }, status } };
    return { body: { accepted: true, acknowledged: true } };
  });
  const address = { repository: "repo", name: "one" };
  expect(await takeSnapshot(client, address, ["a", "b"], new AbortController().signal)).toMatch(fault);
  expect(seen.map(({ method }) => method)).toEqual(["PUT", "GET", "DELETE"]);
});
