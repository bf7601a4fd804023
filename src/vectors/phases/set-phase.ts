import { setTimeout as sleep } from "node:timers/promises";
import { AppError, UsageError } from "../../engine/errors.ts";
import { sqliteCheckpoints } from "../../stores/sqlite/checkpoint-store.ts";
import type { VectorConnections } from "../connections.ts";
import { checkTenant } from "../operations/tenants.ts";
import {
  abandonPhaseChange,
  beginPhaseChange,
  isMilvusFirst,
  listPhaseChanges,
  type Phase,
  readPhase,
  savePhase,
  type TenantPhase,
} from "../state/phases.ts";
import { backlogOf, giveUpWrites } from "../state/write-log.ts";
import { syncScope } from "../sync/sync.ts";
import { objectionsTo } from "./objections.ts";

// src/vectors/phases moves a tenant from Weaviate to Milvus step by step, and back. It never lets a phase begin
// whose condition does not hold.

export interface PhaseRequest {
  readonly tenant: string;
  /** What is left out stays as it is. */
  readonly phase?: Phase | undefined;
  readonly readPercent?: number | undefined;
  readonly shadow?: boolean | undefined;
  /** Changes though something speaks against it; that is kept in the history. */
  readonly force?: boolean;
}

export interface PhaseReport {
  readonly tenant: string;
  readonly before: TenantPhase;
  readonly after: TenantPhase;
  readonly forcedAgainst: readonly string[];
}

/** How long writes may be held up by a change. */
const changeMillis = 30_000;
const drainMillis = 15_000;

/**
 * The tenant is in this phase from now on, for all processes that use the state file. Before the stores change places,
 * writes wait until both have the same. Throws AppError phase_refused, and changes nothing, when notes would then be
 * missed, old or lost, unless forced.
 */
export async function setPhase(
  connections: VectorConnections,
  { tenant, phase, readPercent, shadow, force = false }: PhaseRequest,
  signal: AbortSignal,
): Promise<PhaseReport> {
  checkTenant(tenant);
  const before = await readPhase(connections.state, tenant);
  const after: TenantPhase = {
    phase: phase ?? before.phase,
    readPercent: readPercent ?? (phase === "read_migration" || phase === undefined ? before.readPercent : 0),
    shadow: shadow ?? before.shadow,
  };
  checkPercent(after);
  const objections = await objectionsTo(connections, tenant, before, after);
  if (objections.length > 0 && !force) throw refusedError(tenant, before, after, objections);
  return change(connections, { tenant, before, after, objections, force }, signal);
}

/**
 * The tenant is as it was before its last change. Throws like setPhase, and AppError no_phase_change when nothing was
 * ever changed.
 */
export async function rollbackPhase(
  connections: VectorConnections,
  tenant: string,
  force: boolean,
  signal: AbortSignal,
): Promise<PhaseReport> {
  checkTenant(tenant);
  const [last] = await listPhaseChanges(connections.state, tenant, 1);
  if (last === undefined) {
    throw new AppError("no_phase_change", `Nothing was ever changed for tenant ${tenant}.`, {
      hint: "app milvus phase show lists the tenants that were.",
    });
  }
  return setPhase(connections, { tenant, ...last.before, force }, signal);
}

interface Change {
  readonly tenant: string;
  readonly before: TenantPhase;
  readonly after: TenantPhase;
  readonly objections: readonly string[];
  readonly force: boolean;
}

async function change(connections: VectorConnections, wanted: Change, signal: AbortSignal): Promise<PhaseReport> {
  const { state } = connections;
  const { tenant, before, after, objections, force } = wanted;
  if (!(await beginPhaseChange(state, tenant, changeMillis)))
    throw new AppError("tenant_busy", `The phase of tenant ${tenant} is being changed by somebody else.`, {
      hint: "Nothing was changed. Look with app milvus phase show.",
    });
  try {
    const mustDrain = isMilvusFirst(before) !== isMilvusFirst(after) || after.phase === "setup";
    if (mustDrain) await drain(connections, tenant, signal);
    return await state.write((db) => {
      const { writing, dirty, refused } = backlogOf(db, tenant);
      const left = mustDrain ? writing + dirty + refused : 0;
      const [from, to] = isMilvusFirst(before) ? ["Milvus", "Weaviate"] : ["Weaviate", "Milvus"];
      const against = left === 0 ? objections : [...objections, `${left} writes are in ${from} and not in ${to}`];
      if (left > 0 && !force) throw refusedError(tenant, before, after, against);
      if (left > 0)
        giveUpWrites(
          db,
          tenant,
          `was in ${from} alone when the phase was changed from ${before.phase} to ${after.phase}`,
        );
      savePhase(db, tenant, after, against);
      if (after.phase === "setup") db.prepare("delete from vector_proofs where tenant = ?").run(tenant);
      return { tenant, before, after, forcedAgainst: against };
    });
  } catch (error) {
    await abandonPhaseChange(state, tenant);
    throw error;
  } finally {
    // In setup nothing more is copied: what was copied before is not the whole any more.
    if ((await readPhase(state, tenant)).phase === "setup") await sqliteCheckpoints(state).forget(syncScope(tenant));
  }
}

/** Until both stores have the same, or it takes too long. No write begins meanwhile. */
async function drain({ state, replicator }: VectorConnections, tenant: string, signal: AbortSignal): Promise<void> {
  const giveUp = AbortSignal.any([signal, AbortSignal.timeout(drainMillis)]);
  while (!giveUp.aborted) {
    const { failed } = await replicator.applyAll({ tenant, refused: true }, giveUp);
    const left = await state.read((db) => backlogOf(db, tenant));
    if (left.dirty + left.writing === 0) return;
    await sleep(failed > 0 ? 250 : 20, undefined, { signal: giveUp }).catch(() => {});
  }
  signal.throwIfAborted();
}

function checkPercent({ phase, readPercent }: TenantPhase): void {
  if (!Number.isInteger(readPercent) || readPercent < 0 || readPercent > 100)
    throw new UsageError(
      "invalid_percent",
      `The share of reads is ${readPercent}, and must be a whole number from 0 to 100.`,
    );
  if (readPercent > 0 && phase !== "read_migration")
    throw new UsageError("invalid_percent", `In phase ${phase} there is no share of reads.`, {
      hint: "Only phase read_migration has one: --read-percent goes with it.",
    });
}

function refusedError(
  tenant: string,
  before: TenantPhase,
  after: TenantPhase,
  objections: readonly string[],
): AppError {
  const list = objections.map((objection) => `  - ${objection}`).join("\n");
  return new AppError(
    "phase_refused",
    `Tenant ${tenant} stays in phase ${before.phase}; against ${after.phase} speaks:\n${list}`,
    { hint: "Mend this and run the same command again, or add --force and answer for it." },
  );
}
