import { parseVectorConfig } from "../../../config/vectors.ts";
import type { VectorConnections } from "../../../vectors/connections.ts";
import type { VectorOperations } from "../../../vectors/operations/operations.ts";
import type { OnDimensionMismatch } from "../../../vectors/operations/fit-vector.ts";
import type { CommandContext } from "../../context.ts";

/** Runs `work` with both stores as the configuration says, and the state file. They are closed afterwards. */
export async function withVectors<T>(
  { env }: CommandContext,
  work: (connections: VectorConnections) => Promise<T>,
  policy?: OnDimensionMismatch,
): Promise<T> {
  const { weaviate, milvus, stateFile } = parseVectorConfig(env);
  const { openStateFile } = await import("../../../stores/sqlite/state-file.ts");
  const { connectVectors } = await import("../../../vectors/connections.ts");
  using state = await openStateFile(stateFile);
  const options = { weaviate, milvus: { ...milvus, ...(policy && { onDimensionMismatch: policy }) } };
  const connections = connectVectors(state, options);
  try {
    return await work(connections);
  } finally {
    await connections.close();
  }
}

/** Runs `work` with the operations on one store, or, without a name, on both as each tenant's phase says. */
export function withOperations<T>(
  context: CommandContext,
  store: "weaviate" | "milvus" | undefined,
  work: (operations: VectorOperations) => Promise<T>,
): Promise<T> {
  return withVectors(context, async (connections) => {
    const { stores, state, options } = connections;
    if (store !== undefined) {
      const { StoreOperations } = await import("../../../vectors/operations/operations.ts");
      const { StoredDeletions } = await import("../../../vectors/state/deletions.ts");
      return work(new StoreOperations(stores[store], new StoredDeletions(state)));
    }
    const { DualWrite } = await import("../../../vectors/dual-write/dual-write.ts");
    const { leaseMillisOf, requestMillisOf } = await import("../../../vectors/connections.ts");
    const dual = new DualWrite(state, stores, {
      leaseMillis: leaseMillisOf(options),
      requestMillis: requestMillisOf(options),
      debug: parseVectorConfig(context.env).debugQueries,
      onDebug: (line) => context.log.warn(line),
    });
    try {
      const result = await work(dual);
      await dual.caughtUp(2000);
      return result;
    } finally {
      await dual.close();
    }
  });
}
