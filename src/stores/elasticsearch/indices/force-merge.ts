import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { pollUntil } from "../../../engine/poll-until.ts";
import { described } from "../errors.ts";

const pollMillis = 250;

/**
 * Afterwards each shard of the index is one segment. It is done by the cluster, which goes on with it when the signal
 * aborts: the promise rejects with AbortError then. Throws AppError when the merge failed.
 */
export async function forceMerge(client: Client, index: string, signal: AbortSignal): Promise<void> {
  // An answer could take hours, longer than any request may.
  const { task } = await described(
    client.indices.forcemerge({ index, max_num_segments: 1, wait_for_completion: false }),
  );
  const ended = await pollUntil(
    async () => {
      const state = await described(client.tasks.get({ task_id: task! }));
      return state.completed ? state : undefined;
    },
    { everyMillis: pollMillis, signal },
  );
  const failure = failureOf(ended);
  if (failure === undefined) return;
  throw new AppError("merge_failed", `The segments of ${index} could not be merged: ${failure}.`, {
    hint: "Look at the free disk space of its nodes: a merge needs as much again as the index has. Then run the same command again.",
  });
}

function failureOf(ended: { error?: unknown; response?: unknown } | undefined): string | undefined {
  const error = ended?.error as { reason?: string; type?: string } | undefined;
  if (error !== undefined) return error.reason ?? error.type ?? "unknown";
  const { _shards: shards } = (ended?.response ?? {}) as { _shards?: { failed?: number; total?: number } };
  return shards?.failed ? `${shards.failed} of ${shards.total} shards failed` : undefined;
}
