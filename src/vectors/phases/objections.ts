import { hasCollection, schemaDifferences } from "../../stores/milvus/collection.ts";
import { SqliteRecordErrors } from "../../stores/sqlite/record-errors.ts";
import type { VectorConnections } from "../connections.ts";
import { milvusSpec } from "../operations/milvus-rows.ts";
import { isMilvusFirst, type TenantPhase } from "../state/phases.ts";
import { readProof } from "../state/proofs.ts";
import { backlog } from "../state/write-log.ts";
import { isCopied, syncScope } from "../sync/sync.ts";

/** Why the tenant's notes would be missed, old or lost in this phase; empty when nothing speaks against it. */
export async function objectionsTo(
  connections: VectorConnections,
  tenant: string,
  before: TenantPhase,
  after: TenantPhase,
): Promise<string[]> {
  const { state } = connections;
  const objections: string[] = [];
  if (after.phase !== "setup") objections.push(...(await targetTroubles(connections)));
  const left = await backlog(state, tenant);
  const reads = after.phase === "read_migration" || after.phase === "full";
  if (reads || isMilvusFirst(before)) {
    const to = isMilvusFirst(before) ? "Weaviate" : "Milvus";
    if (left.refused > 0)
      objections.push(`${to} has refused ${left.refused} writes: app milvus apply-dirty --tenant-id ${tenant}`);
    if (left.conflict > 0)
      objections.push(`${left.conflict} writes were given up: app milvus verify --tenant-id ${tenant} --repair`);
  }
  if (reads && !isMilvusFirst(before)) objections.push(...(await incompleteness(connections, tenant)));
  return objections;
}

async function targetTroubles({ milvus, options }: VectorConnections): Promise<string[]> {
  const spec = milvusSpec(options.milvus.collection, options.milvus.dimension);
  try {
    if (!(await hasCollection(milvus, spec.name))) return [`there is no collection ${spec.name}: app milvus setup`];
    const differences = await schemaDifferences(milvus, spec);
    return differences.map((difference) => `the collection ${spec.name} does not fit: ${difference}`);
  } catch (error) {
    return [`Milvus cannot be asked: ${(error as Error).message}`];
  }
}

/** What Milvus may lack of the tenant's notes. */
async function incompleteness({ state }: VectorConnections, tenant: string): Promise<string[]> {
  const found: string[] = [];
  if (!(await isCopied({ state }, tenant)))
    found.push(`the tenant is not copied: app milvus sync --tenant-id ${tenant}`);
  const proof = await readProof(state, tenant);
  const verify = `app milvus verify --tenant-id ${tenant}`;
  if (proof === undefined) found.push(`the stores were never compared: ${verify}`);
  else if (proof.status === "mismatch")
    found.push(`the stores differed when they were compared last: ${verify} --repair`);
  const errors = await new SqliteRecordErrors(state).countByType({ scopes: [syncScope(tenant)] });
  const refused = Object.values(errors).reduce((sum, count) => sum + count, 0);
  if (refused > 0) found.push(`Milvus has refused ${refused} records: app milvus errors list --tenant-id ${tenant}`);
  return found;
}
