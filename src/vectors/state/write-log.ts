import type { DatabaseSync } from "node:sqlite";
import type { StateFile } from "../../stores/sqlite/state-file.ts";
import { readPhaseOf, type TenantPhase } from "./phases.ts";

// The write log remembers every write of a record from before the first store is asked until the second store has it
// too. It holds ids only, never what was written: whoever copies a record reads it again, so several writes of one
// record are one copy, and the last one wins.

/** Stands for all records of a tenant. */
export const everyRecord = "";

/** Writes that were begun together. */
export interface BegunWrites {
  readonly tenant: string;
  readonly ids: readonly string[];
  readonly first: number;
  readonly last: number;
  readonly phase: TenantPhase;
}

/** A record to be copied, with the writes that the copy settles. */
export interface Claimed {
  readonly tenant: string;
  readonly id: string;
  readonly versions: readonly number[];
}

export interface Backlog {
  readonly writing: number;
  readonly dirty: number;
  readonly refused: number;
  readonly conflict: number;
  /** When the oldest of them was noted, in milliseconds. */
  readonly oldest: number | null;
}

/** Kept so long for copies under way, which read a record again that they have read longer ago (see sync). */
export const settledMillis = 10 * 60_000;

/**
 * Notes that these records are about to be written, in the phase that the tenant is in. Undefined while the phase is
 * being changed: ask again. Flush the state before the write is answered. A write that has not ended by `deadline`
 * (milliseconds since 1970) counts as one whose process has died.
 */
export function beginWrites(
  state: StateFile,
  tenant: string,
  ids: readonly string[],
  deadline: number,
): Promise<BegunWrites | undefined> {
  return state.writeSoon((db) => {
    const now = Date.now();
    const { changingUntil, ...phase } = readPhaseOf(db, tenant);
    if (changingUntil > now) return undefined;
    db.prepare("delete from vector_writes where state = 'settled' and due_at < ?").run(now - settledMillis);
    const { first, last } = note(db, tenant, ids, "writing", deadline, now);
    return { tenant, ids, first, last, phase };
  });
}

function note(
  db: DatabaseSync,
  tenant: string,
  ids: readonly string[],
  writeState: "writing" | "dirty",
  dueAt: number,
  now: number,
): { first: number; last: number } {
  const { lastInsertRowid } = db
    .prepare(
      "insert into vector_writes (tenant, record_id, state, due_at, noted_at) select ?, value, ?, ?, ? from json_each(?)",
    )
    .run(tenant, writeState, dueAt, now, JSON.stringify(ids));
  const last = Number(lastInsertRowid);
  return { first: last - ids.length + 1, last };
}

/**
 * The first store has answered: what it has taken is dirty, unless the tenant writes to Weaviate alone. `untouched` are
 * ids that it has not written. Returns whether something is to be copied.
 */
export async function endWrites(
  state: StateFile,
  { tenant, ids, first, last }: BegunWrites,
  untouched: ReadonlySet<string> = new Set(),
): Promise<boolean> {
  const { isToCopy, isNotedAgain } = await state.writeSoon((db) => {
    const now = Date.now();
    const { phase } = readPhaseOf(db, tenant);
    const isMine = "version between ? and ? and state = 'writing'";
    if (untouched.size > 0)
      db.prepare(`delete from vector_writes where ${isMine} and record_id in (select value from json_each(?))`).run(
        first,
        last,
        JSON.stringify([...untouched]),
      );
    if (phase === "setup") {
      db.prepare(`delete from vector_writes where ${isMine}`).run(first, last);
      return { isToCopy: false, isNotedAgain: false };
    }
    const { changes } = db
      .prepare(`update vector_writes set state = 'dirty', due_at = ? where ${isMine}`)
      .run(now, first, last);
    const written = ids.filter((id) => !untouched.has(id));
    // Whoever took this process for dead has settled them before they were written.
    const isMissing = Number(changes) < written.length;
    if (isMissing) note(db, tenant, written, "dirty", now, now);
    return { isToCopy: written.length > 0, isNotedAgain: isMissing };
  });
  if (isNotedAgain) await state.flush();
  return isToCopy;
}

/** Notes records that are to be copied once more. */
export async function noteDirty(state: StateFile, tenant: string, ids: readonly string[]): Promise<void> {
  const now = Date.now();
  if (ids.length > 0) await state.write((db) => note(db, tenant, ids, "dirty", now, now));
}

export interface ClaimScope {
  /** Of any tenant when not given. */
  readonly tenant?: string | undefined;
  /** Also those that were refused before. */
  readonly refused?: boolean;
}

/**
 * The oldest records that are due, at most `limit`, leased to `holder` for so many milliseconds: nobody else is given
 * them meanwhile. Records of tenants that write to Weaviate alone are not copied.
 */
export function claim(
  state: StateFile,
  holder: string,
  { limit, leaseMillis, scope = {} }: { limit: number; leaseMillis: number; scope?: ClaimScope },
): Promise<Claimed[]> {
  return state.writeSoon((db) => {
    const now = Date.now();
    const due = `(w.state in ('dirty', 'writing') and w.due_at <= ?)${scope.refused === true ? " or w.state = 'refused'" : ""}`;
    const ofTenant = scope.tenant === undefined ? "" : "and w.tenant = ?";
    const rows = db
      .prepare(
        `select w.tenant, w.record_id, json_group_array(w.version) as versions
         from vector_writes w join vector_tenants t on t.tenant = w.tenant and t.phase <> 'setup'
         where (${due}) ${ofTenant} and not exists (select 1 from vector_leases l where l.name = w.record_id and l.until > ?)
         group by w.tenant, w.record_id order by min(w.version) limit ?`,
      )
      .all(now, ...(scope.tenant === undefined ? [] : [scope.tenant]), now, limit);
    const take = db.prepare(
      `insert into vector_leases (name, holder, until) values (?, ?, ?)
       on conflict (name) do update set holder = excluded.holder, until = excluded.until where vector_leases.until <= ?`,
    );
    return rows.flatMap((row) => {
      const id = row["record_id"] as string;
      if (id !== everyRecord && Number(take.run(id, holder, now + leaseMillis, now).changes) === 0) return [];
      return [{ tenant: row["tenant"] as string, id, versions: JSON.parse(row["versions"] as string) as number[] }];
    });
  });
}

/** The second store has these records as the first one had them when they were claimed. */
export async function settle(state: StateFile, holder: string, claimed: readonly Claimed[]): Promise<void> {
  await state.writeSoon((db) => {
    const versions = claimed.flatMap((one) => one.versions);
    db.prepare(
      `update vector_writes set state = 'settled', due_at = ? where version in (select value from json_each(?))`,
    ).run(Date.now(), JSON.stringify(versions));
    release(db, holder, claimed);
  });
}

/**
 * The copy has failed: it is tried again after `retryAt`, or when asked for when the records were refused. `keepLease`
 * where it may still come to be.
 */
export async function postpone(
  state: StateFile,
  holder: string,
  claimed: readonly Claimed[],
  failure: {
    readonly reason: string;
    readonly retryAt: number;
    readonly isRefused: boolean;
    readonly keepLease: boolean;
  },
): Promise<void> {
  await state.writeSoon((db) => {
    const versions = JSON.stringify(claimed.flatMap((one) => one.versions));
    db.prepare(
      `update vector_writes set state = ?, due_at = ?, attempts = attempts + 1, reason = ?
       where version in (select value from json_each(?)) and state <> 'settled'`,
    ).run(failure.isRefused ? "refused" : "dirty", failure.retryAt, failure.reason, versions);
    if (!failure.keepLease) release(db, holder, claimed);
  });
}

function release(db: DatabaseSync, holder: string, claimed: readonly Claimed[]): void {
  db.prepare("delete from vector_leases where holder = ? and name in (select value from json_each(?))").run(
    holder,
    JSON.stringify(claimed.map(({ id }) => id)),
  );
}

/** A lease on any name; false when somebody else has it. */
export function tryLease(state: StateFile, name: string, holder: string, millis: number): Promise<boolean> {
  return state.writeSoon((db) => {
    const now = Date.now();
    const { changes } = db
      .prepare(
        `insert into vector_leases (name, holder, until) values (?, ?, ?)
         on conflict (name) do update set holder = excluded.holder, until = excluded.until where vector_leases.until <= ?`,
      )
      .run(name, holder, now + millis, now);
    return Number(changes) > 0;
  });
}

export async function endLease(state: StateFile, name: string, holder: string): Promise<void> {
  await state.writeSoon((db) =>
    db.prepare("delete from vector_leases where name = ? and holder = ?").run(name, holder),
  );
}

/**
 * Whether a write of one of these records, or of the tenant's when no ids are given, has not reached the second store.
 */
export function isPending(state: StateFile, tenant: string, ids?: readonly string[]): Promise<boolean> {
  return state.read((db) => {
    const ofTenant = "select 1 from vector_writes where tenant = ? and state <> 'settled'";
    if (ids === undefined) return db.prepare(`${ofTenant} limit 1`).get(tenant) !== undefined;
    return (
      db
        .prepare(`${ofTenant} and record_id in (select value from json_each(?) union all select '') limit 1`)
        .get(tenant, JSON.stringify(ids)) !== undefined
    );
  });
}

/** The ids among these of which a write was noted after `version`; all of them when the tenant was emptied. */
export function writtenSince(
  state: StateFile,
  tenant: string,
  ids: readonly string[],
  version: number,
): Promise<Set<string>> {
  return state.read((db) => {
    const rows = db
      .prepare(
        `select distinct record_id from vector_writes
         where tenant = ? and version > ? and record_id in (select value from json_each(?) union all select '')`,
      )
      .all(tenant, version, JSON.stringify(ids));
    const found = new Set(rows.map((row) => row["record_id"] as string));
    return found.has(everyRecord) ? new Set(ids) : found;
  });
}

/** Of the newest write; 0 when there was none. */
export function lastVersion(state: StateFile): Promise<number> {
  return state.read(lastVersionIn);
}

function lastVersionIn(db: DatabaseSync): number {
  return (db.prepare("select seq from sqlite_sequence where name = 'vector_writes'").get()?.["seq"] as number) ?? 0;
}

/** Whether a write of the tenant, or of any, up to this version waits to be copied. */
export function isBehind(state: StateFile, tenant: string | undefined, version: number): Promise<boolean> {
  return state.read(
    (db) =>
      db
        .prepare(
          `select 1 from vector_writes w join vector_tenants t on t.tenant = w.tenant and t.phase <> 'setup'
           where w.state in ('writing', 'dirty') and w.version <= ?2 and (?1 is null or w.tenant = ?1) limit 1`,
        )
        .get(tenant ?? null, version) !== undefined,
  );
}

/**
 * The last version before which every write of the tenant has ended: what is written from now on, or is being written,
 * has a later one.
 */
export function quietVersion(state: StateFile, tenant: string): Promise<number> {
  return state.read((db) => {
    const open = db
      .prepare("select min(version) as version from vector_writes where tenant = ? and state = 'writing'")
      .get(tenant)!["version"] as number | null;
    if (open !== null) return open - 1;
    return lastVersionIn(db);
  });
}

export function backlogOf(db: DatabaseSync, tenant: string | undefined): Backlog {
  const ofTenant = tenant === undefined ? "" : "and tenant = ?";
  const row = db
    .prepare(
      `select count(*) filter (where state = 'writing') as writing, count(*) filter (where state = 'dirty') as dirty,
         count(*) filter (where state = 'refused') as refused, count(*) filter (where state = 'conflict') as conflict,
         min(noted_at) as oldest
       from vector_writes where state <> 'settled' ${ofTenant}`,
    )
    .get(...(tenant === undefined ? [] : [tenant]))!;
  return {
    writing: row["writing"] as number,
    dirty: row["dirty"] as number,
    refused: row["refused"] as number,
    conflict: row["conflict"] as number,
    oldest: row["oldest"] as number | null,
  };
}

export function backlog(state: StateFile, tenant?: string): Promise<Backlog> {
  return state.read((db) => backlogOf(db, tenant));
}

export interface StuckWrite {
  readonly tenant: string;
  readonly id: string;
  readonly state: "refused" | "conflict" | "dirty";
  readonly reason: string | null;
}

/** Writes that did not reach the second store, with the reason, oldest first. */
export function listStuck(state: StateFile, tenant: string | undefined, limit: number): Promise<StuckWrite[]> {
  return state.read((db) =>
    db
      .prepare(
        `select tenant, record_id, state, reason from vector_writes where state in ('refused', 'conflict', 'dirty') and (?1 is null or tenant = ?1)
         order by version limit ?2`,
      )
      .all(tenant ?? null, limit)
      .map((row) => ({
        tenant: row["tenant"] as string,
        id: row["record_id"] as string,
        state: row["state"] as StuckWrite["state"],
        reason: row["reason"] as string | null,
      })),
  );
}

/** Within the transaction of `db`: the stores change places, so what was not copied is not copied any more. */
export function giveUpWrites(db: DatabaseSync, tenant: string, reason: string): void {
  db.prepare(
    "update vector_writes set state = 'conflict', reason = ? where tenant = ? and state in ('writing', 'dirty', 'refused')",
  ).run(reason, tenant);
}

/** The stores were compared and are equal: what of the tenant was refused or given up until `version` is done. */
export async function settleEqual(state: StateFile, tenant: string, version: number): Promise<void> {
  await state.write((db) =>
    db
      .prepare(
        "update vector_writes set state = 'settled', due_at = ? where tenant = ? and version <= ? and state in ('refused', 'conflict')",
      )
      .run(Date.now(), tenant, version),
  );
}
