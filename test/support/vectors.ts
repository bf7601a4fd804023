import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { expect } from "vitest";
import { noProgress } from "../../src/runs/progress.ts";
import { Milvus } from "../../src/stores/milvus/client.ts";
import { ensureCollection as ensureMilvus } from "../../src/stores/milvus/collection.ts";
import { Weaviate } from "../../src/stores/weaviate/client.ts";
import { ensureCollection as ensureWeaviate } from "../../src/stores/weaviate/collection.ts";
import { MilvusStore, type MilvusStoreOptions } from "../../src/vectors/operations/milvus-store.ts";
import { milvusSpec } from "../../src/vectors/operations/milvus-rows.ts";
import type { DeletedRecord, DeletedRecords } from "../../src/vectors/operations/deleted-records.ts";
import { openStateFile, type StateFile } from "../../src/stores/sqlite/state-file.ts";
import {
  connectVectors,
  leaseMillisOf,
  requestMillisOf,
  type VectorConnections,
  type VectorOptions,
} from "../../src/vectors/connections.ts";
import { DualWrite } from "../../src/vectors/dual-write/dual-write.ts";
import type { RecordStore } from "../../src/vectors/operations/record-store.ts";
import { backlog } from "../../src/vectors/state/write-log.ts";
import { weaviateSpec } from "../../src/vectors/operations/weaviate-objects.ts";
import { WeaviateStore } from "../../src/vectors/operations/weaviate-store.ts";
import { inputOf, type RecordInput } from "../../src/vectors/records/records.ts";
import { needs } from "./needs.ts";

export const dimension = 8;

export function newTenant(): string {
  return `t_${randomUUID().slice(0, 8)}`;
}

/** A Weaviate store with a collection of its own. */
export async function weaviateStore(
  url?: string,
): Promise<{ store: WeaviateStore; weaviate: Weaviate; collection: string }> {
  const weaviate = new Weaviate({ url: url ?? (await needs("weaviate")), timeoutMillis: 30_000 });
  const collection = `N${randomUUID().replaceAll("-", "")}`;
  await ensureWeaviate(weaviate, weaviateSpec(collection));
  return { store: new WeaviateStore(weaviate, collection), weaviate, collection };
}

/** A Milvus store with a collection of its own. */
export async function milvusStore(
  options: Partial<MilvusStoreOptions> & { url?: string; timeoutMillis?: number } = {},
): Promise<{ store: MilvusStore; milvus: Milvus; collection: string }> {
  const { url, timeoutMillis = 30_000, ...given } = options;
  const milvus = new Milvus({ endpoint: url ?? (await needs("milvus")), timeoutMillis });
  const collection = `n_${randomUUID().replaceAll("-", "")}`;
  await ensureMilvus(milvus, milvusSpec(collection, given.dimension ?? dimension));
  const store = new MilvusStore(milvus, { collection, dimension, onDimensionMismatch: "error", ...given });
  return { store, milvus, collection };
}

export class DeletedInMemory implements DeletedRecords {
  private readonly records: DeletedRecord[] = [];

  async note(records: readonly DeletedRecord[]): Promise<void> {
    this.records.push(...records);
  }

  async since(tenant: string, since: number, limit: number, offset: number): Promise<DeletedRecord[]> {
    return this.records
      .filter(({ tenantName, lastModified }) => tenantName === tenant && lastModified >= since)
      .slice(offset, offset + limit);
  }
}

export function vectorOf(...numbers: number[]): number[] {
  return Array.from({ length: dimension }, (_, at) => Math.fround(numbers[at] ?? 0));
}

/** Text with what filters, patterns, JSON and UTF-8 stumble over. */
export const hostileText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }).filter((text) => text.isWellFormed()),
  fc.constantFrom(
    '"',
    "\\",
    "%",
    "_",
    "'",
    '" or tenantName != "',
    "a\\%b",
    "{}",
    "*?",
    "\n\r\t\0",
    "😀é",
    "\\n",
    "]",
    " x ",
    "true",
    "0",
  ),
);

const int64 = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER));
const strings = fc.array(hostileText, { maxLength: 4 });
const float32: fc.Arbitrary<number> = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e10, max: 1e10 }),
  fc.constantFrom(0, -0, 1e-40),
);
export const vector = fc.array(float32, { minLength: dimension, maxLength: dimension });

const properties: Record<string, Record<string, fc.Arbitrary<unknown>>> = {
  note: {
    title: hostileText,
    content: hostileText,
    filePath: hostileText,
    tags: fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown),
    incomingConnections: strings,
    outgoingConnections: strings,
    tagIds: strings,
    lastUpdateDeviceId: hostileText,
    fileData: hostileText,
    fileType: hostileText,
    fileText: hostileText,
    noteType: hostileText,
  },
  tag: { color: hostileText, name: hostileText, lastUpdateDeviceId: hostileText },
  misc: {
    date: hostileText,
    content: hostileText,
    foreignId: hostileText,
    miscData: hostileText,
    startId: hostileText,
    startData: hostileText,
    endId: hostileText,
    endData: hostileText,
    type: hostileText,
  },
  noteBody: {
    text: hostileText,
    referenceId: hostileText,
    referenceTitle: hostileText,
    type: fc.constantFrom("note", "journal"),
    position: int64,
    journalDate: int64,
  },
  daily_note: { date: hostileText, content: hostileText },
};

/** A record of any class, any of whose properties may be null or missing. */
export const anyRecord: fc.Arbitrary<RecordInput> = fc.constantFrom(...Object.keys(properties)).chain((recordType) =>
  fc.record(
    {
      ...Object.fromEntries(
        Object.entries<fc.Arbitrary<unknown>>({
          ...properties[recordType],
          created: int64,
          lastModified: int64,
          lastUpdateDevice: hostileText,
        }).map(([name, value]) => [name, fc.option(value, { nil: null })]),
      ),
      recordType: fc.constant(recordType),
      uniqueid: fc.oneof(
        fc.uuid(),
        hostileText.filter((id) => id !== ""),
      ),
      vector,
    },
    { requiredKeys: ["recordType", "uniqueid", "vector"] },
  ),
);

/** A state file of its own, which is removed at the end of the test file. */
async function newState(): Promise<{ state: StateFile; file: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "vectors-test-"));
  const file = join(folder, "state.db");
  const state = await openStateFile(file);
  return {
    state,
    file,
    remove: async () => {
      state.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface TestVectors {
  readonly connections: VectorConnections;
  readonly options: VectorOptions;
  /** Of a second process, as it were. */
  another(): Promise<{ dual: DualWrite; close: () => Promise<void> }>;
  close(): Promise<void>;
}

/** Both stores with collections of their own, and a state file. `milvusUrl` may be a proxy's. */
export async function testVectors(
  given: {
    milvusUrl?: string;
    milvusTimeout?: number;
    weaviateTimeout?: number;
    onDimensionMismatch?: "error" | "pad" | "truncate";
  } = {},
): Promise<TestVectors> {
  const { weaviate, collection } = await weaviateStore();
  await weaviate.close();
  const direct = await milvusStore();
  await direct.milvus.close();
  const options: VectorOptions = {
    weaviate: { url: await needs("weaviate"), timeoutMillis: given.weaviateTimeout ?? 30_000, collection },
    milvus: {
      endpoint: given.milvusUrl ?? (await needs("milvus")),
      timeoutMillis: given.milvusTimeout ?? 30_000,
      collection: direct.collection,
      dimension,
      onDimensionMismatch: given.onDimensionMismatch ?? "error",
    },
  };
  const { state, file, remove } = await newState();
  const connections = connectVectors(state, options);
  return {
    connections,
    options,
    another: async () => {
      const other = await openStateFile(file);
      const opened = connectVectors(other, options);
      const dual = new DualWrite(other, opened.stores, {
        leaseMillis: leaseMillisOf(options),
        requestMillis: requestMillisOf(options),
      });
      return {
        dual,
        close: async () => {
          await dual.close();
          await opened.close();
          other.close();
        },
      };
    },
    close: async () => {
      await connections.close();
      await remove();
    },
  };
}

/** Waits until nothing is left to be copied. */
export async function drained({ state }: VectorConnections, tenant?: string): Promise<void> {
  for (;;) {
    const { writing, dirty } = await backlog(state, tenant);
    if (writing + dirty === 0) return;
    await sleep(10);
  }
}

/** Every record of the tenant in both stores, compared by the test and not by what is tested. */
export async function expectEqualStores({ stores }: VectorConnections, tenant: string): Promise<number> {
  const all = async (store: RecordStore): Promise<Record<string, unknown>> => {
    const found: Record<string, unknown> = {};
    for await (const records of store.records(tenant))
      for (const record of records) found[record.uniqueid] = inputOf(record);
    return found;
  };
  const [inWeaviate, inMilvus] = await Promise.all([all(stores.weaviate), all(stores.milvus)]);
  expect(inMilvus).toEqual(inWeaviate);
  return Object.keys(inWeaviate).length;
}

export const still = { signal: new AbortController().signal, progress: noProgress };
