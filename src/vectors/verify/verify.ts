import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../engine/errors.ts";
import type { Batch, Receipt } from "../../engine/ports.ts";
import { transfer } from "../../engine/transfer.ts";
import { inRun, type Run } from "../../runs/run.ts";
import type { RunStatus } from "../../runs/run-record.ts";
import { SqliteRecordErrors } from "../../stores/sqlite/record-errors.ts";
import { listTenants } from "../../stores/weaviate/collection.ts";
import type { VectorConnections } from "../connections.ts";
import type { RecordStore } from "../operations/record-store.ts";
import { checkTenant } from "../operations/tenants.ts";
import type { GeneralWeaviateRecord } from "../records/records.ts";
import { isMilvusFirst, readPhase } from "../state/phases.ts";
import { saveProof } from "../state/proofs.ts";
import { isPending, noteDirty, quietVersion, settleEqual } from "../state/write-log.ts";
import { syncScope, type Watch } from "../sync/sync.ts";
import { differingFields } from "./differing-fields.ts";

// src/vectors/verify compares the stores record by record. It never writes, unless it is told to repair.

export interface VerifyRequest {
  readonly tenants?: readonly string[] | undefined;
  /** Copies missing and differing records once more. */
  readonly repair?: boolean;
  /** Removes records that only the second store has. */
  readonly deleteExtra?: boolean;
  readonly maxRps?: number | undefined;
}

export interface Difference {
  readonly id: string;
  readonly kind: "missing" | "extra" | "different";
  readonly fields: readonly string[];
}

export interface TenantVerification {
  readonly tenant: string;
  /** The store where the truth is, and the one that is compared with it. */
  readonly from: string;
  readonly to: string;
  status: "match" | "mismatch";
  source: number;
  target: number;
  checked: number;
  matched: number;
  missing: number;
  extra: number;
  different: number;
  repaired: number;
  /** The first hundred. */
  readonly differences: Difference[];
}

export interface VerifyReport {
  readonly command: "milvus verify";
  runId: string | null;
  status: RunStatus;
  result: "match" | "mismatch";
  readonly startedAt: string;
  finishedAt: string | null;
  readonly tenants: TenantVerification[];
}

const shown = 100;
const looks = 20;
const pauseMillis = 100;
const idsAtOnce = 500;

/** Records of the first store, as the second one must have them. */
interface RecordBatch extends Batch {
  readonly expected: readonly GeneralWeaviateRecord[];
  readonly unfit: readonly Difference[];
}

/**
 * Compares every record of the tenants, every field and the vector, by looking the ids of the first store up in the
 * second, and the numbers of both. Differences are looked at again while writes are on their way, so an application may
 * go on writing. The outcome is kept: `phase set` asks for it.
 */
export async function verify(
  connections: VectorConnections,
  request: VerifyRequest,
  watch: Watch,
): Promise<VerifyReport> {
  const { weaviate, options, home } = connections;
  request.tenants?.forEach(checkTenant);
  const tenants = request.tenants ?? (await listTenants(weaviate, options.weaviate.collection));
  const report: VerifyReport = {
    command: "milvus verify",
    runId: null,
    status: "running",
    result: "match",
    startedAt: new Date().toISOString(),
    finishedAt: null,
    tenants: [],
  };
  report.status = await inRun(
    home,
    {
      command: "milvus verify",
      options: request,
      limits: { batchRows: idsAtOnce, concurrency: 2, recordsPerSecond: request.maxRps },
      report: () => report,
    },
    watch,
    async (run) => {
      report.runId = run.id;
      for (const tenant of tenants) {
        if (run.signal.aborted) return "interrupted";
        const found = await verifyTenant(connections, tenant, request, run, watch);
        if (found === undefined) return "interrupted";
        report.tenants.push(found);
        if (found.status === "mismatch") report.result = "mismatch";
      }
      return report.result === "match" ? "completed" : "completed_with_errors";
    },
  );
  report.finishedAt = new Date().toISOString();
  return report;
}

/** Undefined when it was stopped. */
async function verifyTenant(
  connections: VectorConnections,
  tenant: string,
  request: VerifyRequest,
  run: Run,
  { progress }: Watch,
): Promise<TenantVerification | undefined> {
  const { state, stores } = connections;
  const isSwapped = isMilvusFirst(await readPhase(state, tenant));
  const [from, to]: [RecordStore, RecordStore] = isSwapped
    ? [stores.milvus, stores.weaviate]
    : [stores.weaviate, stores.milvus];
  const expect = (record: GeneralWeaviateRecord): GeneralWeaviateRecord =>
    isSwapped ? record : stores.milvus.fitted(record);
  const version = await quietVersion(state, tenant);
  const source = await from.count(tenant);
  const result: TenantVerification = {
    tenant,
    from: from.name,
    to: to.name,
    status: "match",
    source,
    target: 0,
    checked: 0,
    matched: 0,
    missing: 0,
    extra: 0,
    different: 0,
    repaired: 0,
    differences: [],
  };
  const doubtful = new Set<string>();
  progress.partitionStarted(tenant, tenant, source, 0);
  const end = await transfer<RecordBatch>(
    {
      source: { batches: (signal) => batches(from, tenant, expect, signal) },
      sink: {
        write: async ({ expected, unfit, records }): Promise<Receipt> => {
          const found = await differencesOf(to, tenant, expected);
          for (const { id } of [...unfit, ...found]) doubtful.add(id);
          result.checked += records;
          result.matched += records - unfit.length - found.length;
          return { written: records, refused: [] };
        },
      },
      checkpoint: { confirm: async () => {} },
      pacing: run.pacing,
      onConfirmed: ({ records, bytes }) => progress.advanced(tenant, records, bytes),
    },
    run.signal,
  );
  if (end === "interrupted") return undefined;
  result.target = await to.count(tenant);
  if (result.target !== result.checked || doubtful.size > 0)
    for (const id of await extraIds(from, to, tenant)) doubtful.add(id);
  let left = await lookAgain(connections, { tenant, from, to, expect, ids: [...doubtful] }, run.signal);
  const toMend = left.filter(({ kind }) => (kind === "extra" ? request.deleteExtra === true : request.repair === true));
  if (toMend.length > 0) {
    await noteDirty(
      state,
      tenant,
      toMend.map(({ id }) => id),
    );
    await connections.replicator.applyAll({ tenant }, run.signal);
    const after = await lookAgain(connections, { tenant, from, to, expect, ids: left.map(({ id }) => id) }, run.signal);
    result.repaired = left.length - after.length;
    left = after;
  }
  if (run.signal.aborted) return undefined;
  for (const { kind } of left) result[kind]++;
  result.matched = result.checked - result.missing - result.different;
  result.differences.push(...left.slice(0, shown));
  result.target = await to.count(tenant);
  if (left.length > 0) result.status = "mismatch";
  await settleAfter(connections, tenant, left, version);
  await saveProof(state, tenant, result.status, result);
  progress.partitionFinished(tenant);
  return result;
}

async function* batches(
  from: RecordStore,
  tenant: string,
  expect: (record: GeneralWeaviateRecord) => GeneralWeaviateRecord,
  signal: AbortSignal,
): AsyncGenerator<RecordBatch> {
  for await (const records of from.records(tenant)) {
    const expected: GeneralWeaviateRecord[] = [];
    const unfit: Difference[] = [];
    for (const record of records) {
      try {
        expected.push(expect(record));
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        unfit.push({ id: record.uniqueid, kind: "missing", fields: [] });
      }
    }
    yield { expected, unfit, records: records.length, bytes: records.length * 4 * (records[0]?.vector?.length ?? 0) };
    if (signal.aborted) return;
  }
}

async function differencesOf(
  to: RecordStore,
  tenant: string,
  expected: readonly GeneralWeaviateRecord[],
): Promise<Difference[]> {
  const found = new Map(
    (
      await to.get(
        tenant,
        expected.map(({ uniqueid }) => uniqueid),
      )
    ).map((one) => [one.uniqueid, one]),
  );
  return expected.flatMap((record): Difference[] => {
    const other = found.get(record.uniqueid);
    if (other === undefined) return [{ id: record.uniqueid, kind: "missing", fields: [] }];
    const fields = differingFields(record, other);
    return fields.length === 0 ? [] : [{ id: record.uniqueid, kind: "different", fields }];
  });
}

async function extraIds(from: RecordStore, to: RecordStore, tenant: string): Promise<string[]> {
  const extra: string[] = [];
  for await (const ids of to.ids(tenant)) {
    for (let at = 0; at < ids.length; at += idsAtOnce) {
      const some = ids.slice(at, at + idsAtOnce);
      const present = new Set((await from.get(tenant, some)).map(({ uniqueid }) => uniqueid));
      extra.push(...some.filter((id) => !present.has(id)));
    }
  }
  return extra;
}

interface Doubts {
  readonly tenant: string;
  readonly from: RecordStore;
  readonly to: RecordStore;
  readonly expect: (record: GeneralWeaviateRecord) => GeneralWeaviateRecord;
  readonly ids: readonly string[];
}

/** What is still different when no write of it is on its way. */
async function lookAgain(
  { state }: Pick<VectorConnections, "state">,
  { tenant, from, to, expect, ids }: Doubts,
  signal: AbortSignal,
): Promise<Difference[]> {
  let left = [...ids];
  let found: Difference[] = [];
  for (let look = 0; look < looks && left.length > 0; look++) {
    found = [];
    for (let at = 0; at < left.length; at += idsAtOnce) {
      const some = left.slice(at, at + idsAtOnce);
      const before = await from.get(tenant, some);
      const present = new Set(before.map(({ uniqueid }) => uniqueid));
      const gone = await to.get(
        tenant,
        some.filter((id) => !present.has(id)),
      );
      found.push(...gone.map(({ uniqueid }): Difference => ({ id: uniqueid, kind: "extra", fields: [] })));
      const expected: GeneralWeaviateRecord[] = [];
      for (const record of before) {
        try {
          expected.push(expect(record));
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          found.push({ id: record.uniqueid, kind: "missing", fields: [] });
        }
      }
      found.push(...(await differencesOf(to, tenant, expected)));
    }
    left = found.map(({ id }) => id);
    if (look > 0 && !(await isPending(state, tenant, left))) break;
    await sleep(pauseMillis, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
  }
  return left.length === 0 ? [] : found;
}

/** Record errors and refused writes of records that are equal now are none any more. */
async function settleAfter(
  { state }: VectorConnections,
  tenant: string,
  left: readonly Difference[],
  version: number,
): Promise<void> {
  const still = new Set(left.map(({ id }) => id));
  const errors = new SqliteRecordErrors(state);
  const scope = syncScope(tenant);
  for (let after: Awaited<ReturnType<typeof errors.list>>[number] | undefined; ;) {
    const page = await errors.list({ scopes: [scope] }, 1000, after);
    const mended = page.map(({ id }) => id).filter((id) => !still.has(id));
    await errors.forget(scope, mended);
    if (page.length < 1000) break;
    after = page.at(-1);
  }
  if (still.size === 0) await settleEqual(state, tenant, version);
}
