import type { Bulk, Note, World } from "./world.ts";

/**
 * A process of the program: between two steps anything may happen, its death included. What it yields is a request that
 * is under way.
 */
export type Process = Generator<Bulk | undefined, void>;

interface Record {
  readonly id: number;
  readonly versions: readonly number[];
  /** Where its document may lie, the newest first. */
  readonly places: readonly number[];
  readonly isDeleted: boolean;
}

function recordsOf(notes: readonly Note[]): Record[] {
  return [...Map.groupBy(notes, ({ id }) => id)].map(([id, own]) => ({
    id,
    versions: own.map(({ version }) => version),
    places: [...new Set(own.flatMap(({ oldMonth }) => oldMonth ?? []).toReversed())],
    isDeleted: own.findLast(({ operation }) => operation !== "T")?.operation === "D",
  }));
}

interface Plan {
  readonly record: Record;
  readonly write?: number;
  readonly remove: readonly number[];
  /** Removed only while something of it is elsewhere. */
  readonly isElsewhere: boolean;
  readonly keep?: number | undefined;
  waits: boolean;
  isSettled: boolean;
}

function plan(world: World, follow: boolean, record: Record): Plan {
  const { rules, purged, kept, rows } = world;
  const row = rows.get(record.id);
  const open = { waits: false, isSettled: false };
  const known = [kept.get(record.id), rules.oneDocument ? purged.get(record.id) : undefined];
  const withKnown = [...new Set([...record.places, ...known.flatMap((month) => month ?? [])])];
  if (row !== undefined) {
    const remove = withKnown.filter((month) => month !== row.month);
    return { record, write: row.month, remove, isElsewhere: true, ...open };
  }
  const home = purged.get(record.id);
  if (!rules.deletionsAreThePlatforms && home !== undefined) return { record, remove: [], isElsewhere: false, ...open };
  const isDeleted = record.isDeleted || world.lastWord(record.id) === "D";
  if (!isDeleted) {
    const remove = home === undefined ? [] : record.places.filter((month) => month !== home);
    return { record, remove, isElsewhere: true, ...open };
  }
  const keep = follow ? undefined : withKnown.find((month) => world.documentOf(month, record.id) !== undefined);
  return { record, remove: withKnown.filter((month) => month !== keep), isElsewhere: false, keep, ...open };
}

/** `apply-dirty`, one pass. */
export function* apply(world: World, me: number, follow: boolean): Process {
  const records = recordsOf(world.notes);
  yield;
  const plans = records.map((record) => plan(world, follow, record));
  yield;
  for (const one of plans) if (one.write !== undefined) yield* write(world, me, one, one.write);
  for (const one of plans) {
    for (const month of one.remove) if (!one.waits && !one.isSettled) yield* removeDocument(world, me, one, month);
    if (one.keep !== undefined && !one.waits) yield* keepDocument(world, me, one, one.keep);
  }
  world.settle(plans.filter(({ waits, isSettled }) => !waits && !isSettled).flatMap(({ record }) => record.versions));
  if (follow) for (const [id, month] of Array.from(world.kept)) yield* removeKept(world, me, id, month);
}

function* write(world: World, me: number, one: Plan, month: number): Process {
  const { id, versions } = one.record;
  one.waits = !world.tryLock(month, me);
  if (one.waits) return;
  for (let isWritten = false; !isWritten;) {
    const row = world.rows.get(id);
    const isHome = row !== undefined && (!world.rules.ownPartition || row.month === month);
    if (!isHome) {
      one.waits = true;
      world.unlock(month);
      return;
    }
    const bulk = { month, id, content: row.content, version: world.commits };
    yield bulk;
    isWritten = world.put(bulk, bulk.content);
  }
  yield;
  if (world.kept.get(id) === month) world.kept.delete(id);
  if (world.purged.get(id) === month) world.purged.delete(id);
  if (one.remove.length === 0) {
    world.settle(versions);
    one.isSettled = true;
  }
  world.unlock(month);
  yield;
}

function isMeant(world: World, { record }: Plan): boolean {
  const newest = record.versions.at(-1);
  return !world.rules.settledNotesAreSilent || world.notes.some(({ version }) => version === newest);
}

function* removeDocument(world: World, me: number, one: Plan, month: number): Process {
  const { id } = one.record;
  one.waits = !world.tryLock(month, me);
  if (one.waits) return;
  const version = world.commits;
  const row = world.rows.get(id);
  const home = world.purged.get(id);
  const isAway = home !== undefined && home !== month && world.documentOf(home, id) !== undefined;
  const isMeantNow = isMeant(world, one);
  yield;
  if (!isMeantNow) one.waits = world.rules.passedOverNotesStay;
  else if (row?.month !== month) {
    if (one.isElsewhere && row === undefined && !isAway) one.waits = true;
    else {
      world.put({ month, id, version }, undefined);
      yield;
      if (world.kept.get(id) === month) world.kept.delete(id);
      if (world.purged.get(id) === month) world.purged.delete(id);
    }
  }
  world.unlock(month);
  yield;
}

function* keepDocument(world: World, me: number, one: Plan, month: number): Process {
  const { id } = one.record;
  one.waits = !world.tryLock(month, me);
  if (one.waits) return;
  if (!isMeant(world, one)) one.waits = world.rules.passedOverNotesStay;
  else if (world.rows.get(id)?.month !== month && world.documentOf(month, id) !== undefined) {
    world.kept.set(id, month);
    if (world.purged.get(id) === month) world.purged.delete(id);
  }
  world.unlock(month);
  yield;
}

function* removeKept(world: World, me: number, id: number, month: number): Process {
  if (!world.tryLock(month, me)) return;
  const version = world.commits;
  if (world.kept.get(id) === month && world.rows.get(id)?.month !== month) {
    yield;
    world.put({ month, id, version }, undefined);
    world.kept.delete(id);
  }
  world.unlock(month);
}

/** `cleanup-pg` of one month. */
export function* purge(world: World, me: number, month: number): Process {
  if (!world.tryLock(month, me)) return;
  for (const [id, row] of Array.from(world.rows)) {
    if (row.month !== month || world.rows.get(id) !== row) continue;
    yield;
    const isEqual = world.documentOf(month, id) === row.content;
    const mayGo = isEqual && !(world.rules.notesBeforePurge && world.isWaiting(id));
    yield;
    if (mayGo) world.purge(id, row);
  }
  world.unlock(month);
}

/** `restore` of one month. */
export function* restore(world: World, me: number, month: number, ids: readonly number[]): Process {
  if (!world.tryLock(month, me)) return;
  for (const id of ids) {
    const content = world.documentOf(month, id);
    yield;
    if (content !== undefined) world.restore(id, { month, content });
  }
  world.unlock(month);
}

/** A run that holds a month for long, as a validation does. */
export function* hold(world: World, me: number, month: number): Process {
  if (!world.tryLock(month, me)) return;
  for (let steps = 0; steps < 6; steps++) yield;
  world.unlock(month);
}
