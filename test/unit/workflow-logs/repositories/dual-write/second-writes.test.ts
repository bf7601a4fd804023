import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Followed } from "../../../../../src/workflow-logs/repositories/dual-write/follow-rows.ts";
import type { Repairs } from "../../../../../src/workflow-logs/repositories/dual-write/repairs.ts";
import type { RowName } from "../../../../../src/workflow-logs/repositories/dual-write/row-name.ts";
import { type Follow, SecondWrites } from "../../../../../src/workflow-logs/repositories/dual-write/second-writes.ts";

const done: Followed = { failed: new Map(), again: [], touched: [] };
const run = (id: string): RowName => ({ dataType: "workflow_runs", tenantId: "acme", id });
const key = (id: string): string => `workflow_runs/${id}`;

/** Second writes whose Elasticsearch answers what `answer` says, and what was written and became a dirty row. */
function secondWrites(answer: (ids: string[], nth: number) => Followed | Promise<Followed>, capacity = 100) {
  const batches: string[][] = [];
  const dirty: string[] = [];
  const follow: Follow = async (_, rows) => {
    batches.push(rows.map(({ id }) => id));
    return answer(batches.at(-1)!, batches.length);
  };
  const repairs = { add: (rows: RowName[]) => void dirty.push(...rows.map(({ id }) => id)) } as unknown as Repairs;
  return { writes: new SecondWrites(follow, repairs, capacity), batches, dirty };
}

test("several writes of one row before it is written are one, and all who wait hear of it", async () => {
  const { writes, batches, dirty } = secondWrites(() => done);
  await Promise.all([writes.addAndWait(run("a")), writes.addAndWait(run("a")), writes.addAndWait(run("b"))]);
  expect(batches).toEqual([["a", "b"]]);
  expect([writes.written, writes.queued, dirty]).toEqual([2, 0, []]);
});

test("a row that is written again while it is on its way is written once more, never twice at a time", async () => {
  const gate = Promise.withResolvers<void>();
  const { writes, batches } = secondWrites(async (_, nth) => {
    if (nth === 1) await gate.promise;
    return done;
  });
  writes.add(run("a"));
  await turn();
  writes.add(run("a"));
  await turn();
  expect(batches).toEqual([["a"]]);
  expect(writes.isPending(run("a"))).toBe(true);
  gate.resolve();
  await writes.idle();
  expect(batches).toEqual([["a"], ["a"]]);
});

test("rows of one data type travel together", async () => {
  const { writes, batches } = secondWrites(() => done);
  writes.add(run("a"));
  writes.add({ ...run("n"), dataType: "node_executions" });
  writes.add(run("b"));
  await writes.idle();
  expect(batches).toEqual([["a", "b"], ["n"]]);
});

test("what fails is a dirty row, and who waits gets the reason", async () => {
  const reason = new Error("refused");
  const { writes, dirty } = secondWrites(() => ({ ...done, failed: new Map([[key("a"), reason]]) }));
  await expect(writes.addAndWait(run("a"))).rejects.toBe(reason);
  expect([writes.failed, dirty]).toEqual([1, ["a"]]);
});

test("a document that others write at the same time is tried again a few times, then left to its dirty row", async () => {
  const { writes, batches, dirty } = secondWrites((ids) => ({ ...done, again: ids.map(run) }));
  await expect(writes.addAndWait(run("a"))).rejects.toMatchObject({ code: "save_conflict" });
  expect(batches).toHaveLength(6);
  expect(dirty).toEqual(["a"]);
});

test("a full queue drops the row, which then is a dirty row", async () => {
  const { writes, dirty } = secondWrites(() => done, 2);
  for (const id of ["a", "b", "c"]) writes.add(run(id));
  await writes.idle();
  expect([writes.written, writes.dropped, dirty]).toEqual([2, 1, ["c"]]);
});

test("what is left at the deadline of a close is a dirty row, and nothing is taken afterwards", async () => {
  const { writes, dirty } = secondWrites(() => new Promise(() => {}));
  const waiting = writes.addAndWait(run("a"));
  writes.add({ ...run("n"), dataType: "node_executions" });
  await turn();
  const failed = expect(waiting).rejects.toMatchObject({ code: "second_write_dropped" });
  await writes.close(1);
  await failed;
  writes.add(run("late"));
  expect(dirty).toEqual(["a", "n", "late"]);
});
