import { type ArchiveIndex, type IndexList, listIndices } from "../../stores/elasticsearch/indices/index-list.ts";
import { parseIndexName } from "../../stores/elasticsearch/indices/index-names.ts";
import type { RetentionRule } from "../state/retention/rules.ts";
import type { PartitionRecord } from "../state/partitions/partitions.ts";
import type { Connections } from "../connections.ts";
import { type DataType, dataTypeOf, logTypes, type Partition, partitionKey } from "../partitions/log-types.ts";
import { keptByMonth } from "./age-rule.ts";
import type { RetentionOptions } from "./options.ts";
import { type Policy, policyOf } from "./retention-days.ts";
import type { SweptIndex } from "./report.ts";
import { keptIndex } from "./index-line.ts";

/** An index of ours whose month is past its retention: its documents decide. */
export interface Candidate extends Partition {
  readonly index: ArchiveIndex;
  readonly policy: Policy;
}

export interface CandidateList {
  readonly candidates: readonly Candidate[];
  readonly kept: readonly SweptIndex[];
  readonly notes: readonly string[];
}

export interface CandidateFacts {
  readonly rules: readonly RetentionRule[];
  readonly known: readonly PartitionRecord[];
  readonly days: number;
  readonly now: Date;
}

/** Lists every index of the scope, and sorts out those that stay by their name, their month or a rule. Reads only. */
export async function listCandidates(
  { elasticsearch, settings, archive }: Connections,
  options: Pick<RetentionOptions, "tenantIds" | "dataTypes">,
  facts: CandidateFacts,
): Promise<CandidateList> {
  const { prefix } = settings.template;
  const resources = options.dataTypes.map((type) => logTypes[type].resource);
  const listed = await listIndices(elasticsearch, archive, prefix, resources, soleTenant(options));
  const isMeant = ({ tenantId }: { tenantId: string }): boolean =>
    options.tenantIds.length === 0 || options.tenantIds.includes(tenantId);

  const candidates: Candidate[] = [];
  const kept: SweptIndex[] = [];
  for (const index of listed.indices.filter(isMeant)) {
    const partition = partitionOf(index);
    const policy = policyOf(facts.rules, partition, facts.days);
    const reason = keptByMonth(partition.month, policy.days, facts.now) ?? (policy.held ? "held" : undefined);
    if (reason === undefined) candidates.push({ ...partition, index, policy });
    else kept.push(keptIndex(partition, index, policy, reason));
  }
  const foreign = foreignIndices(listed, prefix, resources, facts);
  kept.push(...foreign.kept.filter(isMeant), ...missingIndices(listed, options, facts).filter(isMeant));
  return { candidates, kept, notes: options.tenantIds.length === 0 ? foreign.notes : [] };
}

function partitionOf({ resource, tenantId, month }: { resource: string; tenantId: string; month: string }): Partition {
  return { dataType: dataTypeOf(resource), tenantId, month };
}

function soleTenant({ tenantIds }: Pick<RetentionOptions, "tenantIds">): string | undefined {
  return tenantIds.length === 1 ? tenantIds[0] : undefined;
}

/** Indices of others: those with a name we would give are reported like ours, of the rest the name alone. */
function foreignIndices(
  { foreign }: IndexList,
  prefix: string,
  resources: readonly string[],
  { rules, days, now }: CandidateFacts,
): { kept: SweptIndex[]; notes: string[] } {
  const kept: SweptIndex[] = [];
  const notes: string[] = [];
  for (const name of foreign) {
    const address = parseIndexName(prefix, resources, name);
    if (address === undefined) {
      notes.push(`${name} is named like ours but is not a name this program makes; it is left alone.`);
      continue;
    }
    const partition = partitionOf(address);
    const policy = policyOf(rules, partition, days);
    const reason = keptByMonth(partition.month, policy.days, now) ?? "index_foreign";
    kept.push(keptIndex(partition, { name, documents: undefined, bytes: 0 }, policy, reason));
  }
  return { kept, notes };
}

/** Partitions that were copied once and have no index now: nothing can go, and a migrate would copy them again. */
function missingIndices(
  { indices, foreign }: IndexList,
  options: Pick<RetentionOptions, "dataTypes">,
  { known, rules, days, now }: CandidateFacts,
): SweptIndex[] {
  const there = new Set(indices.map((index) => partitionKey(partitionOf(index))));
  return known.flatMap(({ dataType, tenantId, month, state, indexName: name }) => {
    const partition: Partition = { dataType: dataType as DataType, tenantId, month };
    if (state === "expired" || there.has(partitionKey(partition)) || foreign.includes(name)) return [];
    if (!options.dataTypes.includes(partition.dataType)) return [];
    const policy = policyOf(rules, partition, days);
    const index = { name, documents: 0, bytes: 0 };
    return keptByMonth(month, policy.days, now) ? [] : [keptIndex(partition, index, policy, "index_missing")];
  });
}
