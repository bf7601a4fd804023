/** What a failure of a request or of one of its items asks for. */
export type BulkFault =
  /** The record can never be indexed as it is: into the record errors. */
  | "refused"
  /** The index has the record at a higher version, and keeps that. */
  | "superseded"
  /** The server has no room in its queues right now: back off, smaller requests. */
  | "busy"
  /** The request needs more memory than the server has free: back off, smaller requests until they pass again. */
  | "memory"
  /** Disk above the flood stage: only waiting for space helps. */
  | "disk_full"
  /** The request is larger than the server takes: split it. */
  | "too_large"
  /** No answer: try again within limits. */
  | "unreachable"
  /** Something in between answered in its place: try again for as long as with a busy server. */
  | "intercepted"
  /** Nothing we send will pass until someone acts: stop and say so. */
  | "fatal";

const byType: Readonly<Record<string, BulkFault>> = {
  version_conflict_engine_exception: "superseded",
  es_rejected_execution_exception: "busy",
  circuit_breaking_exception: "memory",
  unavailable_shards_exception: "busy",
  process_cluster_event_timeout_exception: "busy",
  node_not_connected_exception: "busy",
  node_disconnected_exception: "busy",
  node_closed_exception: "busy",
  no_shard_available_action_exception: "busy",
  master_not_discovered_exception: "busy",
  shard_not_in_primary_mode_exception: "busy",
  timeout_exception: "busy",
  index_not_found_exception: "fatal",
  index_closed_exception: "fatal",
  security_exception: "fatal",
};

/**
 * Sorts by error type and reason, not by status: 429 alone may mean a full queue, a tripped circuit breaker or a full
 * disk. An unknown type of an item with a 4xx status concerns that record alone.
 */
export function bulkFault(status: number, type: string, reason: string): BulkFault {
  if (type === "cluster_block_exception") {
    if (/flood-stage|TOO_MANY_REQUESTS\/12/.test(reason)) return "disk_full";
    return status === 503 ? "busy" : "fatal"; // 503: the cluster is starting or has no master for a moment
  }
  // indexing pressure counts bytes, a full queue counts requests; both are rejected executions
  if (type === "es_rejected_execution_exception" && /_bytes=\d/.test(reason)) return "memory";
  const known = byType[type];
  if (known !== undefined) return known;
  if (status === 413) return "too_large";
  if (status === 401 || status === 403) return "fatal";
  if (status === 429 || status >= 500) return "busy";
  return "refused";
}
