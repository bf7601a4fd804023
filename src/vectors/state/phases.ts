import type { DatabaseSync } from "node:sqlite";
import type { StateFile } from "../../stores/sqlite/state-file.ts";

/** The five phases, in their order. */
export type Phase = "setup" | "dual_write" | "sync" | "read_migration" | "full";

export interface TenantPhase {
  readonly phase: Phase;
  /** Of the reads in phase read_migration, how many Milvus answers. */
  readonly readPercent: number;
  /** Every read is asked of the other store too, and compared. */
  readonly shadow: boolean;
}

export interface PhaseChange {
  readonly before: TenantPhase;
  readonly after: TenantPhase;
  readonly forcedAgainst: readonly string[];
  readonly changedAt: string;
}

export const inSetup: TenantPhase = { phase: "setup", readPercent: 0, shadow: false };

/** Where the truth is: writes go there first, and the other store follows. */
export function isMilvusFirst({ phase }: TenantPhase): boolean {
  return phase === "full";
}

export function readPhaseOf(db: DatabaseSync, tenant: string): TenantPhase & { readonly changingUntil: number } {
  const row = db
    .prepare("select phase, read_percent, shadow, changing_until from vector_tenants where tenant = ?")
    .get(tenant);
  if (row === undefined) return { ...inSetup, changingUntil: 0 };
  return {
    phase: row["phase"] as Phase,
    readPercent: row["read_percent"] as number,
    shadow: row["shadow"] === 1,
    changingUntil: row["changing_until"] as number,
  };
}

export function readPhase(state: StateFile, tenant: string): Promise<TenantPhase> {
  return state.read((db) => {
    const { phase, readPercent, shadow } = readPhaseOf(db, tenant);
    return { phase, readPercent, shadow };
  });
}

export function listPhases(
  state: StateFile,
): Promise<(TenantPhase & { readonly tenant: string; readonly changedAt: string })[]> {
  return state.read((db) =>
    db
      .prepare("select tenant, phase, read_percent, shadow, changed_at from vector_tenants order by tenant")
      .all()
      .map((row) => ({
        tenant: row["tenant"] as string,
        phase: row["phase"] as Phase,
        readPercent: row["read_percent"] as number,
        shadow: row["shadow"] === 1,
        changedAt: row["changed_at"] as string,
      })),
  );
}

/**
 * From now on writes of the tenant wait, until `endPhaseChange` or so many milliseconds have passed. False when another
 * change is under way.
 */
export function beginPhaseChange(state: StateFile, tenant: string, millis: number): Promise<boolean> {
  return state.write((db) => {
    const now = Date.now();
    const { changingUntil, ...current } = readPhaseOf(db, tenant);
    if (changingUntil > now) return false;
    save(db, tenant, current, now + millis);
    return true;
  });
}

/** The writes that waited go on, in the phase as it was. */
export async function abandonPhaseChange(state: StateFile, tenant: string): Promise<void> {
  await state.write((db) => db.prepare("update vector_tenants set changing_until = 0 where tenant = ?").run(tenant));
}

/** Within the transaction of `db`: the tenant is in this phase, and what has waited goes on. */
export function savePhase(
  db: DatabaseSync,
  tenant: string,
  after: TenantPhase,
  forcedAgainst: readonly string[],
): TenantPhase {
  const { changingUntil: _, ...before } = readPhaseOf(db, tenant);
  save(db, tenant, after, 0);
  db.prepare(
    "insert into vector_phase_changes (tenant, before, after, forced_against, changed_at) values (?, ?, ?, ?, ?)",
  ).run(tenant, JSON.stringify(before), JSON.stringify(after), JSON.stringify(forcedAgainst), new Date().toISOString());
  return before;
}

function save(
  db: DatabaseSync,
  tenant: string,
  { phase, readPercent, shadow }: TenantPhase,
  changingUntil: number,
): void {
  db.prepare(
    `insert into vector_tenants (tenant, phase, read_percent, shadow, changing_until, changed_at) values (?, ?, ?, ?, ?, ?)
     on conflict (tenant) do update set phase = excluded.phase, read_percent = excluded.read_percent, shadow = excluded.shadow,
       changing_until = excluded.changing_until, changed_at = excluded.changed_at`,
  ).run(tenant, phase, readPercent, shadow ? 1 : 0, changingUntil, new Date().toISOString());
}

/** The newest first. */
export function listPhaseChanges(state: StateFile, tenant: string, limit: number): Promise<PhaseChange[]> {
  return state.read((db) =>
    db
      .prepare("select * from vector_phase_changes where tenant = ? order by id desc limit ?")
      .all(tenant, limit)
      .map((row) => ({
        before: JSON.parse(row["before"] as string) as TenantPhase,
        after: JSON.parse(row["after"] as string) as TenantPhase,
        forcedAgainst: JSON.parse(row["forced_against"] as string) as string[],
        changedAt: row["changed_at"] as string,
      })),
  );
}
