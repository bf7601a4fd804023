import { expect, test } from "vitest";
import { bulkFault } from "../../../../../src/stores/elasticsearch/bulk/bulk-faults.ts";

const floodStage =
  "index [i] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];";
const queueFull =
  "rejected execution of TimedRunnable{original=...} on EsThreadPoolExecutor[name = node-1/write, queue capacity = 10000]";
const indexingPressure =
  "rejected execution of primary operation [coordinating_and_primary_bytes=62914760, replica_bytes=0, all_bytes=62914760, primary_operation_bytes=251658272, max_primary_bytes=107374182]";

test.each([
  [429, "es_rejected_execution_exception", queueFull, "busy"],
  [429, "es_rejected_execution_exception", indexingPressure, "memory"],
  [429, "circuit_breaking_exception", "[parent] Data too large", "memory"],
  [503, "circuit_breaking_exception", "[parent] Data too large", "memory"],
  [429, "cluster_block_exception", floodStage, "disk_full"],
  [403, "cluster_block_exception", "index [i] blocked by: [FORBIDDEN/8/index write (api)];", "fatal"],
  [403, "cluster_block_exception", "index [i] blocked by: [FORBIDDEN/4/index closed];", "fatal"],
  [503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];", "busy"],
  [503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/2/no master];", "busy"],
  [503, "unavailable_shards_exception", "primary shard is not active", "busy"],
  [404, "index_not_found_exception", "no such index [i]", "fatal"],
  [403, "security_exception", "action [indices:data/write/bulk[s]] is unauthorized", "fatal"],
  [401, "", "", "fatal"],
  [403, "", "", "fatal"],
  [413, "", "", "too_large"],
  [429, "", "", "busy"],
  [502, "", "", "busy"],
  [500, "some_new_exception", "", "busy"],
  [400, "document_parsing_exception", "failed to parse field [t]", "refused"],
  [400, "strict_dynamic_mapping_exception", "", "refused"],
  [400, "illegal_argument_exception", "Limit of total fields [1000] has been exceeded", "refused"],
])("%i %s %s is %s", (status, type, reason, fault) => {
  expect(bulkFault(status, type, reason)).toBe(fault);
});
