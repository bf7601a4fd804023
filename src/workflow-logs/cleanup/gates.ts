import type { Client } from "@elastic/elasticsearch";
import { indexName } from "../../stores/elasticsearch/indices/index-names.ts";
import { flushIndex, readIndexFacts, snapshotOf } from "../../stores/elasticsearch/indices/index-copies.ts";
import { countDocuments, refreshIndex } from "../../stores/elasticsearch/indices/indices.ts";
import { placeOf } from "../../stores/elasticsearch/indices/place.ts";
import { listPartitions, type PartitionRecord } from "../state/partitions/partitions.ts";
import { appliedMigrations } from "../state/upgrade.ts";
import { lastWrittenMillis } from "../state/cleanup/purged-rows.ts";
import type { Connections } from "../connections.ts";
import { logTypes, type Partition } from "../partitions/log-types.ts";
import { monthBounds } from "../partitions/months.ts";
import type { CleanupOptions } from "./options.ts";
import type { KeepReason } from "./report.ts";

/** Whether rows of a partition may be deleted at all, and against which index they are compared. */
export type Gate =
  | { readonly kept: KeepReason }
  /** `index` is undefined where retention has dropped it and the operator wants its rows gone too. */
  | { readonly kept: undefined; readonly index: string | undefined };

/** A snapshot must be younger than the last write by more than the clocks of both servers can differ. */
const clockMarginMillis = 60_000;

/** Looks at the partition's index as it is now. Changes nothing. */
export async function inspectGate(
  connections: Connections,
  partition: Partition,
  known: PartitionRecord | undefined,
  options: Pick<CleanupOptions, "allowUnreplicated" | "expired">,
): Promise<Gate> {
  if (known === undefined) return { kept: "not_migrated" };
  const { elasticsearch, settings, state, archive } = connections;
  const address = { ...partition, resource: logTypes[partition.dataType].resource };
  const index = indexName({ ...settings.template, ...address });
  const facts = await readIndexFacts(elasticsearch, archive, { ...address, name: index });
  if (known.state === "expired") {
    if (facts !== undefined && (await isStillThere(elasticsearch, index))) return { kept: "index_replaced" };
    return options.expired ? { kept: undefined, index: undefined } : { kept: "expired" };
  }
  if (facts === undefined) return { kept: "index_missing" };
  if (known.indexName !== index || facts.uuid !== known.indexUuid) return { kept: "index_replaced" };
  if (!facts.isOurs) return { kept: "index_foreign" };
  if (!facts.isOpen) return { kept: "index_closed" };
  if (!facts.isDurable) return { kept: "index_not_durable" };
  if (!facts.isReplicated && !options.allowUnreplicated) {
    const written = (await lastWrittenMillis(state, partition)) + clockMarginMillis;
    const snapshot = await snapshotOf(elasticsearch, index, written);
    if (snapshot !== "held") return { kept: snapshot === "hidden" ? "snapshots_hidden" : "unreplicated" };
  }
  return { kept: undefined, index };
}

/** An index that is there; of a part of a shared one, which is there for others too, whether it has documents. */
async function isStillThere(client: Client, name: string): Promise<boolean> {
  if (placeOf(name).tenantId === undefined) return true;
  await refreshIndex(client, name);
  return (await countDocuments(client, name)) > 0;
}

/**
 * The gate of a partition that is to be purged now. Behind an open one everything that the index has acknowledged is on
 * disk, also what was written while its durability was another.
 */
export async function openGate(
  connections: Connections,
  partition: Partition,
  known: PartitionRecord | undefined,
  options: Pick<CleanupOptions, "allowUnreplicated" | "expired" | "dryRun">,
): Promise<Gate> {
  const gate = await inspectGate(connections, partition, known, options);
  if (options.dryRun || gate.kept !== undefined || gate.index === undefined) return gate;
  return (await flushIndex(connections.elasticsearch, gate.index)) ? gate : { kept: "index_not_durable" };
}

/** How many indices of the rows that would go have a single copy: no assigned replica, and no snapshot. */
export async function unreplicatedIndices(
  connections: Connections,
  options: Pick<CleanupOptions, "tenantId" | "before" | "dataTypes" | "expired">,
): Promise<number> {
  if ((await appliedMigrations(connections.state)).length === 0) return 0;
  let found = 0;
  for (const known of await listPartitions(connections.state, [options.tenantId])) {
    const partition = known as PartitionRecord & Partition;
    const isMeant = options.dataTypes.includes(partition.dataType) && monthBounds(known.month).from < options.before;
    if (!isMeant) continue;
    const gate = await inspectGate(connections, partition, known, { ...options, allowUnreplicated: false });
    if (gate.kept === "unreplicated" || gate.kept === "snapshots_hidden") found++;
  }
  return found;
}
