import type { StateFile } from "../../stores/sqlite/state-file.ts";
import { type Comparison, listComparisons } from "../state/comparisons.ts";
import { inSetup, listPhaseChanges, listPhases, type PhaseChange, type TenantPhase } from "../state/phases.ts";
import { type Proof, readProof } from "../state/proofs.ts";
import { type Backlog, backlog } from "../state/write-log.ts";

export interface ShownTenant extends TenantPhase {
  readonly tenant: string;
  readonly backlog: Backlog;
  readonly proof: Proof | undefined;
  readonly comparisons: readonly (Comparison & { readonly operation: string })[];
  /** The newest first. */
  readonly changes: readonly PhaseChange[];
}

/** These tenants, or every one that was ever moved. */
export async function showPhases(state: StateFile, named: readonly string[]): Promise<ShownTenant[]> {
  const known = new Map((await listPhases(state)).map((one) => [one.tenant, one]));
  const tenants = named.length > 0 ? named : [...known.keys()];
  return Promise.all(
    tenants.map(async (tenant) => {
      const { phase, readPercent, shadow } = known.get(tenant) ?? inSetup;
      return {
        tenant,
        phase,
        readPercent,
        shadow,
        backlog: await backlog(state, tenant),
        proof: await readProof(state, tenant),
        comparisons: await listComparisons(state, tenant),
        changes: await listPhaseChanges(state, tenant, 10),
      };
    }),
  );
}
