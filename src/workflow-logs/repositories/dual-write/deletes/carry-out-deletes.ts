import { AdvisoryLocks } from "../../../../stores/postgres/advisory-locks.ts";
import {
  forgetRequestedDelete,
  listRequestedDeletes,
  type RequestedDelete,
} from "../../../state/dirty/requested-deletes.ts";
import type { Connections } from "../../../connections.ts";
import { type DataType, dataTypes } from "../../../partitions/log-types.ts";
import { withPartitionOf } from "../../../partitions/partition-lock.ts";
import type { Scope } from "../../../partitions/scope.ts";
import { ElasticsearchRecords } from "../../records/elasticsearch-records.ts";
import { recordKinds } from "../record-kinds.ts";
import { deleteRowless, type WithPartition } from "./delete-rowless.ts";

/**
 * Carries out what was requested, oldest first, and returns how many have to wait for a partition that a run works on.
 * One that fails stays requested too; the first failure is thrown when the others were tried.
 */
export async function carryOutDeletes(
  connections: Connections,
  scope: Pick<Scope, "dataTypes" | "tenantIds"> = { dataTypes, tenantIds: [] },
): Promise<number> {
  const { state, postgres } = connections;
  let stay = 0;
  let failure: { readonly error: unknown } | undefined;
  let requests = await listRequestedDeletes(state, scope);
  if (requests.length === 0) return stay;
  const locks = await AdvisoryLocks.open(postgres);
  try {
    const withPartition: WithPartition = async (partition, work) =>
      (await withPartitionOf({ locks }, partition, work)) === "busy" ? "busy" : "done";
    while (requests.length > 0) {
      for (const request of requests) {
        try {
          if (!(await carryOut(connections, request, withPartition))) stay++;
        } catch (error) {
          failure ??= { error };
        }
      }
      requests = await listRequestedDeletes(state, scope, requests.at(-1)!.id);
    }
  } finally {
    locks.close();
  }
  if (failure !== undefined) throw failure.error;
  return stay;
}

async function carryOut(
  connections: Connections,
  request: RequestedDelete,
  withPartition: WithPartition,
): Promise<boolean> {
  const { id, tenantId, selection } = request;
  const deleting = { dataType: request.dataType as DataType, tenantId, selection };
  const { records, isDone } = await deleteRowless(connections, deleting, withPartition);
  if (records > 0) await new ElasticsearchRecords(connections, recordKinds[deleting.dataType]).refresh(tenantId);
  if (isDone) await forgetRequestedDelete(connections.state, id);
  return isDone;
}
