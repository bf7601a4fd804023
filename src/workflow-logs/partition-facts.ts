import { listIndices } from "../stores/elasticsearch/indices/index-list.ts";
import type { Connections } from "./connections.ts";
import { logTypes, type Partition } from "./partitions/log-types.ts";
import { lastRunOf, type PartitionRecord, readPartition } from "./state/partitions/partitions.ts";
import { appliedMigrations } from "./state/upgrade.ts";
import { validProof } from "./state/validate/proofs.ts";

/** What is known of one partition in both stores. */
export interface PartitionFacts extends Partition {
  readonly index: {
    readonly name: string;
    /** As of the last refresh; null where it cannot be known. */
    readonly documents: number | null;
    readonly bytes: number;
    readonly shards: number;
    readonly open: boolean;
    /** Why it takes no documents, seals left out. */
    readonly blocked: string | null;
    readonly isSealed: boolean;
  } | null;
  /** Null where nothing was copied. */
  readonly copied: Pick<PartitionRecord, "state" | "copiedRows" | "copiedBytes" | "wasPurged"> | null;
  /** Null where no full validation holds for what is there now. */
  readonly proof: { readonly rows: number; readonly provedAt: string } | null;
  /** The run that worked on it last. */
  readonly lastRunId: string | null;
  readonly recordErrors: number;
}

/** Reads only. An index that is not this archive's is not told of. */
export async function partitionFacts(connections: Connections, partition: Partition): Promise<PartitionFacts> {
  const { elasticsearch, state, settings, archive } = connections;
  const { dataType, tenantId, month } = partition;
  const { resource } = logTypes[dataType];
  const listed = await listIndices(elasticsearch, archive, settings.template.prefix, [resource], tenantId);
  const index = listed.indices.find((one) => one.month === month);
  const hasState = (await appliedMigrations(state)).length > 0;
  const known = hasState ? await readPartition(state, partition) : undefined;
  const proof = known && index && (await validProof(state, partition, index.uuid));
  return {
    dataType,
    tenantId,
    month,
    index:
      index === undefined
        ? null
        : {
            name: index.name,
            documents: index.documents ?? null,
            bytes: index.bytes,
            shards: index.shards,
            open: index.status === "open",
            blocked: index.blocked ?? null,
            isSealed: index.seal?.isBlocked ?? false,
          },
    copied: known === undefined ? null : copiedOf(known),
    proof: proof ?? null,
    lastRunId: known === undefined ? null : ((await lastRunOf(state, partition)) ?? null),
    recordErrors: hasState ? await errorsOf(connections, partition) : 0,
  };
}

function copiedOf({ state, copiedRows, copiedBytes, wasPurged }: PartitionRecord): PartitionFacts["copied"] {
  return { state, copiedRows, copiedBytes, wasPurged };
}

async function errorsOf({ state }: Connections, { dataType, tenantId, month }: Partition): Promise<number> {
  const { count } = await state
    .selectFrom("record_errors")
    .select((column) => column.fn.countAll<string>().as("count"))
    .where("data_type", "=", dataType)
    .where("tenant_id", "=", tenantId)
    .where("month", "=", month)
    .executeTakeFirstOrThrow();
  return Number(count);
}
