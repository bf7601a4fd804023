import { listIndices } from "../../stores/elasticsearch/indices/index-list.ts";
import { listPartitions } from "../state/partitions/partitions.ts";
import { countRecordErrors } from "../state/record-errors.ts";
import type { RolloutModes } from "../state/rollouts.ts";
import { captureState } from "../capture/status.ts";
import type { Connections } from "../connections.ts";
import { resources } from "../partitions/log-types.ts";
import { dirtyRowsThatStay } from "./dirty-rows-that-stay.ts";
import { missingRows } from "./missing-rows.ts";
import type { RolloutWatch } from "./rollout-watch.ts";

/** Why the tenant's logs would be missed, old or lost with these modes; empty when nothing speaks against them. */
export async function objectionsTo(
  connections: Connections,
  tenantId: string,
  { write, read }: RolloutModes,
  watch: RolloutWatch,
): Promise<string[]> {
  const objections: string[] = [];
  if (write === "both" && !(await captureState(connections)).installed)
    objections.push(
      "writes that Elasticsearch does not take could only be repaired with capture: app elasticsearch capture install",
    );
  if (write === "elasticsearch" && read !== "elasticsearch")
    objections.push("what is written into Elasticsearch alone would not be read: add --read elasticsearch");
  if (read !== "elasticsearch") return objections;
  if (write === "postgres")
    objections.push("new writes would reach Elasticsearch only after apply-dirty: add --write both");
  return [...objections, ...(await incompleteness(connections, tenantId, watch))];
}

/** What Elasticsearch lacks of the tenant's logs. */
async function incompleteness(connections: Connections, tenantId: string, watch: RolloutWatch): Promise<string[]> {
  const { state, elasticsearch, settings, archive } = connections;
  const found: string[] = [];
  const dirty = await dirtyRowsThatStay(state, tenantId, watch);
  if (dirty > 0) found.push(`${dirty} changed rows wait to be copied: app elasticsearch apply-dirty --until-empty`);
  const { indices } = await listIndices(elasticsearch, archive, settings.template.prefix, resources, tenantId);
  const missing = await missingRows(connections, tenantId, indices, watch.signal);
  if (missing > 0) found.push(`${missing} rows are not in Elasticsearch: app elasticsearch migrate`);
  const errors = Object.values(await countRecordErrors(state, { tenantIds: [tenantId] }));
  const refused = errors.reduce((sum, count) => sum + count, 0);
  if (refused > 0) found.push(`Elasticsearch has refused ${refused} rows: app elasticsearch errors list`);
  const open = new Set(indices.filter(({ status }) => status === "open").map(({ uuid }) => uuid));
  for (const { state: partitionState, indexName, indexUuid } of await listPartitions(state, [tenantId])) {
    if ((partitionState === "purging" || partitionState === "purged") && !open.has(indexUuid))
      found.push(`rows were purged from PostgreSQL, and their index ${indexName} is gone or closed`);
  }
  return found;
}
