import fc from "fast-check";
import { expect, test } from "vitest";

/**
 * A run that messages keep outlives its node executions: these are purged, and the platform has no row of them to
 * delete when it deletes the run. Those that were purged before follow the deletion; one whose row was still there is
 * the platform's to delete, also when it is purged later.
 */
const rules = {
  /** Only node executions purged before the deletion of their run follow it. */
  purgedBeforeFollow: true,
  /** Restore leaves out the same ones, whether their documents are gone yet or not. */
  restoreLeavesOut: true,
  /** What follows a deletion is written down before the note of the deletion is settled. */
  requestBeforeSettling: true,
};
type Rules = Readonly<typeof rules>;

const nodes = [1, 2, 3];

class World {
  now = 0;
  runDeletedAt: number | undefined;
  hasNote = false;
  requests: number[] = [];
  readonly rows = new Set(nodes);
  readonly documents = new Set(nodes);
  readonly purgedAt = new Map<number, number>();
  /** What is there as far as the platform knows, in one store or the other. */
  readonly truth = new Set(nodes);

  deleteRun(): void {
    if (this.runDeletedAt !== undefined) return;
    this.runDeletedAt = this.now;
    this.hasNote = true;
    for (const id of this.purgedAt.keys()) this.truth.delete(id);
  }

  /** The platform deletes the row of a node execution, and its note is followed at once: the other model has that. */
  deleteNode(id: number): void {
    if (!this.rows.delete(id)) return;
    this.documents.delete(id);
    this.truth.delete(id);
  }
}

type Process = Generator<undefined, void>;

function* purge(world: World): Process {
  for (const id of Array.from(world.rows)) {
    if (!world.documents.has(id)) continue;
    yield;
    if (world.rows.delete(id)) world.purgedAt.set(id, world.now);
  }
}

function* follow(world: World, which: Rules): Process {
  const deletedAt = world.runDeletedAt;
  if (world.hasNote && deletedAt !== undefined) {
    if (!which.requestBeforeSettling) world.hasNote = false;
    yield;
    world.requests.push(deletedAt);
    world.hasNote = false;
  }
  yield;
  for (const request of Array.from(world.requests)) {
    for (const [id, at] of Array.from(world.purgedAt)) {
      if (which.purgedBeforeFollow && at >= request) continue;
      yield;
      world.documents.delete(id);
      world.purgedAt.delete(id);
    }
    world.requests = world.requests.filter((one) => one !== request);
  }
}

function* restore(world: World, which: Rules): Process {
  for (const [id, at] of Array.from(world.purgedAt)) {
    yield;
    // the check and the insert are one transaction
    const { runDeletedAt } = world;
    const isDeleted = runDeletedAt !== undefined && at < runDeletedAt;
    if (!world.documents.has(id) || !world.purgedAt.has(id) || (which.restoreLeavesOut && isDeleted)) continue;
    world.purgedAt.delete(id);
    world.rows.add(id);
  }
}

const schedules = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom("purge", "follow", "restore", "delete run") }),
    fc.record({ kind: fc.constant("delete node"), at: fc.constantFrom(...nodes) }),
    fc.record({ kind: fc.constantFrom("step", "step", "kill"), at: fc.nat({ max: 3 }) }),
  ),
  { minLength: 3, maxLength: 30, size: "max" },
);
type Schedule = typeof schedules extends fc.Arbitrary<infer T> ? T : never;

function play(which: Rules, schedule: Schedule): string[] {
  const world = new World();
  const running: Process[] = [];
  const begin: Readonly<Record<string, () => Process>> = {
    purge: () => purge(world),
    follow: () => follow(world, which),
    restore: () => restore(world, which),
  };
  for (const event of schedule) {
    world.now++;
    const { kind } = event;
    const at = "at" in event ? event.at : 0;
    if (kind in begin && running.length < 3) running.push(begin[kind]!());
    if (kind === "delete run") world.deleteRun();
    if (kind === "delete node") world.deleteNode(at);
    const one = at % Math.max(1, running.length);
    if (kind === "kill") running.splice(one, 1);
    if (kind === "step" && running[one]?.next().done === true) running.splice(one, 1);
  }
  toTheEnd(follow(world, which));
  const wrong = nodes.flatMap((id) => {
    const isThere = world.rows.has(id) || world.documents.has(id);
    return isThere === world.truth.has(id) ? [] : [`${id} is ${isThere ? "there, and was deleted" : "lost"}`];
  });
  toTheEnd(restore(world, which));
  return [...wrong, ...nodes.filter((id) => world.rows.has(id) !== world.truth.has(id)).map((id) => `row ${id}`)];
}

function toTheEnd(process: Process): void {
  while (process.next().done !== true);
}

const isTrue = (which: Rules) => fc.property(schedules, (schedule) => play(which, schedule).length === 0);

test("a node execution follows the deletion of its run if it was purged before, and only then", () => {
  const { counterexample } = fc.check(isTrue(rules), { numRuns: 50_000 });
  expect(counterexample === null ? [] : play(rules, counterexample[0])).toEqual([]);
});

test.for(Object.keys(rules) as (keyof Rules)[])("with the rule off the model finds a counterexample: %s", (rule) => {
  const result = fc.check(isTrue({ ...rules, [rule]: false }), { numRuns: 100_000, seed: 1, endOnFailure: true });
  expect(result.failed).toBe(true);
});
