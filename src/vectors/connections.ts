import { sqliteHome } from "../stores/sqlite/run-home.ts";
import type { StateFile } from "../stores/sqlite/state-file.ts";
import { Milvus, type MilvusOptions } from "../stores/milvus/client.ts";
import { ensureCollection as ensureMilvus } from "../stores/milvus/collection.ts";
import { Weaviate, type WeaviateOptions } from "../stores/weaviate/client.ts";
import type { RunHome } from "../runs/run-home.ts";
import { milvusSpec } from "./operations/milvus-rows.ts";
import { MilvusStore, type MilvusStoreOptions } from "./operations/milvus-store.ts";
import { WeaviateStore } from "./operations/weaviate-store.ts";
import { Replicator } from "./dual-write/replicator.ts";

export interface VectorOptions {
  readonly weaviate: WeaviateOptions & { readonly collection: string };
  readonly milvus: MilvusOptions & MilvusStoreOptions;
}

/** Both stores, and the state file that says how far each tenant is on the way between them. */
export interface VectorConnections {
  readonly options: VectorOptions;
  readonly state: StateFile;
  readonly home: RunHome;
  readonly weaviate: Weaviate;
  readonly milvus: Milvus;
  readonly stores: { readonly weaviate: WeaviateStore; readonly milvus: MilvusStore };
  /** Copies what the write log holds; nothing is copied in the background. */
  readonly replicator: Replicator;
  close(): Promise<void>;
}

/** Connects to each store when it is first used. The caller keeps the state file open until `close` has resolved. */
export function connectVectors(state: StateFile, options: VectorOptions): VectorConnections {
  const weaviate = new Weaviate(options.weaviate);
  const milvus = new Milvus(options.milvus);
  const stores = {
    weaviate: new WeaviateStore(weaviate, options.weaviate.collection),
    milvus: new MilvusStore(milvus, options.milvus),
  };
  const leaseMillis = leaseMillisOf(options);
  const replicator = new Replicator(state, stores, { leaseMillis });
  const close = async (): Promise<void> => {
    await replicator.close();
    await Promise.all([weaviate.close(), milvus.close()]);
  };
  return { options, state, home: sqliteHome(state), weaviate, milvus, stores, replicator, close };
}

/** How long one request of either store may take. */
export function requestMillisOf({ weaviate, milvus }: VectorOptions): number {
  return Math.max(weaviate.timeoutMillis, milvus.timeoutMillis);
}

/** As long as the requests of one copy may take together. */
export function leaseMillisOf({ weaviate, milvus }: VectorOptions): number {
  return weaviate.timeoutMillis + 4 * milvus.timeoutMillis;
}

/** The collection in Milvus is there afterwards, with its indexes, loaded. True when it was made here. */
export function ensureTarget({ milvus, options }: Pick<VectorConnections, "milvus" | "options">): Promise<boolean> {
  return ensureMilvus(milvus, milvusSpec(options.milvus.collection, options.milvus.dimension));
}
