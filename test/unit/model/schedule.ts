import fc from "fast-check";
import { apply, hold, type Process, purge, restore } from "./processes.ts";
import { type Bulk, type Rules, World } from "./world.ts";

const ids = [1, 2];
const months = [8, 9];

/** What happens, one thing after the other, to some of the ids and months. */
export function schedules(someIds: readonly number[] = ids, someMonths: readonly number[] = months) {
  const id = fc.constantFrom(...someIds);
  const month = fc.constantFrom(...someMonths);
  const at = fc.nat({ max: 7 });
  const platform = fc.record({
    kind: fc.constant("platform" as const),
    what: fc.constantFrom("save" as const, "change" as const, "move" as const, "delete" as const, "touch" as const),
    id,
    month,
  });
  const start = fc.record({
    kind: fc.constant("start" as const),
    what: fc.constantFrom("apply", "apply", "apply", "follow", "follow", "purge", "restore", "hold"),
    month,
  });
  const step = fc.record({ kind: fc.constant("step" as const), at, times: fc.integer({ min: 1, max: 12 }) });
  const kill = fc.record({ kind: fc.constant("kill" as const), at, isSent: fc.boolean() });
  const deliver = fc.record({ kind: fc.constant("deliver" as const), at });
  const compact = fc.constant({ kind: "compact" as const });
  return fc.array(
    fc.oneof(
      { arbitrary: platform, weight: 5 },
      { arbitrary: start, weight: 4 },
      { arbitrary: step, weight: 8 },
      { arbitrary: kill, weight: 1 },
      { arbitrary: deliver, weight: 1 },
      { arbitrary: compact, weight: 1 },
    ),
    { minLength: 5, maxLength: 40, size: "max" },
  );
}
export type Schedule = ReturnType<typeof schedules> extends fc.Arbitrary<infer T> ? T : never;

interface Running {
  readonly me: number;
  readonly process: Process;
  underWay?: Bulk | undefined;
}

/**
 * Plays a schedule, lets everything come to rest, and says what is wrong then: nothing may be lost, doubled or brought
 * back wrongly.
 */
export function play(which: Rules, schedule: Schedule): string[] {
  const world = new World(which);
  const running: Running[] = [];
  let started = 0;

  const begin = (what: string, month: number): void => {
    const me = ++started;
    const processes: { readonly [name: string]: () => Process } = {
      apply: () => apply(world, me, false),
      follow: () => apply(world, me, true),
      purge: () => purge(world, me, month),
      restore: () => restore(world, me, month, ids),
      hold: () => hold(world, me, month),
    };
    running.push({ me, process: processes[what]!() });
  };
  const proceed = (one: Running): boolean => {
    const { done, value } = one.process.next();
    one.underWay = value ?? undefined;
    if (done === true) running.splice(running.indexOf(one), 1);
    return done !== true;
  };
  const end = (one: Running, isSent: boolean): void => {
    running.splice(running.indexOf(one), 1);
    for (const [month, owner] of world.locks) if (owner === one.me) world.unlock(month);
    if (isSent && one.underWay !== undefined) world.late.push(one.underWay);
  };
  const arrive = (position: number): void => {
    const [bulk] = world.late.splice(position, 1);
    if (bulk !== undefined) world.put(bulk, bulk.content);
  };
  const toTheEnd = (process: Process): void => {
    while (process.next().done !== true);
  };

  for (const event of schedule) {
    const one = "at" in event ? running[event.at % Math.max(1, running.length)] : undefined;
    if (event.kind === "platform") world.platform(event.what, event.id, event.month);
    if (event.kind === "start" && running.length < 4) begin(event.what, event.month);
    if (event.kind === "step" && one !== undefined) for (let left = event.times; left > 0 && proceed(one); left--);
    if (event.kind === "kill" && one !== undefined) end(one, event.isSent);
    if (event.kind === "deliver" && world.late.length > 0) arrive(event.at % world.late.length);
    if (event.kind === "compact") world.compact();
  }
  while (running[0] !== undefined) end(running[0], true);
  for (let passes = 0; passes < 10 && (world.notes.length > 0 || world.kept.size > 0); passes++)
    toTheEnd(apply(world, ++started, true));
  while (world.late.length > 0) arrive(0);
  const wrong = atRest(world);
  for (const month of months) toTheEnd(restore(world, ++started, month, ids));
  return [...wrong, ...afterRestore(world)];
}

function atRest(world: World): string[] {
  const wrong = world.notes.map(({ id, operation }) => `a note ${operation} of ${id} waits for ever`);
  for (const id of ids) {
    const found = months.filter((month) => world.documentOf(month, id) !== undefined);
    const truth = world.truth.get(id);
    const expected = truth === undefined ? [] : [truth.month];
    if (found.join() !== expected.join())
      wrong.push(`${id} has documents in ${found.join()}, not in ${expected.join()}`);
    else if (truth !== undefined && world.documentOf(truth.month, id) !== truth.content)
      wrong.push(`${id} says ${world.documentOf(truth.month, id)}, not ${truth.content}`);
  }
  return wrong;
}

function afterRestore(world: World): string[] {
  return ids.flatMap((id) => {
    const [row, truth] = [world.rows.get(id), world.truth.get(id)];
    return row?.content === truth?.content && row?.month === truth?.month
      ? []
      : [`the row ${id} is ${row?.content} of ${row?.month}, and was ${truth?.content} of ${truth?.month}`];
  });
}
