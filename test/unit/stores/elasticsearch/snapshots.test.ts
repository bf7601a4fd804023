import type { estypes } from "@elastic/elasticsearch";
import { expect, test } from "vitest";
import { snapshotFault } from "../../../../src/stores/elasticsearch/snapshots.ts";

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
