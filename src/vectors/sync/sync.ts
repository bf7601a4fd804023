import { UsageError } from "../../engine/errors.ts";
import { RefusalLimit } from "../../engine/refusal-limit.ts";
import { transfer } from "../../engine/transfer.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import { inRun, type Run } from "../../runs/run.ts";
import { liveBatchLimits } from "../../runs/batch-limits.ts";
import { sqliteCheckpoints } from "../../stores/sqlite/checkpoint-store.ts";
import { SqliteRecordErrors } from "../../stores/sqlite/record-errors.ts";
import { listTenants } from "../../stores/weaviate/collection.ts";
import { ensureTarget, type VectorConnections } from "../connections.ts";
import { checkTenant } from "../operations/tenants.ts";
import { readPhase } from "../state/phases.ts";
import { ObjectSink } from "./object-sink.ts";
import { ObjectSource } from "./object-source.ts";
import { newReport, type SyncReport, type TenantReport } from "./report.ts";

// src/vectors/sync copies what is in Weaviate into Milvus, tenant by tenant, while the application goes on writing. It
// never deletes from Weaviate.

export interface SyncRequest {
  /** All tenants of the collection when not given. */
  readonly tenants?: readonly string[] | undefined;
  readonly dryRun?: boolean;
  /** Copies tenants again that were copied. */
  readonly restart?: boolean;
  readonly batchSize?: number | undefined;
  readonly concurrency?: number | undefined;
  readonly maxRps?: number | undefined;
  readonly maxBytesRate?: number | undefined;
}

export interface Watch {
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
}

const defaultBatchSize = 500;
const defaultConcurrency = 2;
const mostBatchBytes = 64 * 1024 * 1024;
const mostRefusedInARow = 1000;

/** Where the record errors of a tenant's copy are kept. */
export function syncScope(tenant: string): string {
  return `vectors sync ${tenant}`;
}

/** How far a tenant is copied. */
interface Cursor {
  /** The object up to which, in the order of their ids, everything is in Milvus or a record error. */
  readonly after: string | undefined;
  readonly copied: number;
  readonly isDone: boolean;
}

/**
 * Copies every record of the tenants from Weaviate into Milvus; those copied before are skipped, a half copied one goes
 * on where it was. Records that Milvus does not take are record errors. What the application writes meanwhile is copied
 * behind. Throws UsageError, before anything is touched, for a tenant whose writes do not go to both stores: what it
 * writes during the copy would be missed.
 */
export async function sync(connections: VectorConnections, request: SyncRequest, watch: Watch): Promise<SyncReport> {
  const { weaviate, options, home } = connections;
  request.tenants?.forEach(checkTenant);
  const tenants = request.tenants ?? (await listTenants(weaviate, options.weaviate.collection));
  const report = newReport(request.dryRun ?? false);
  if (request.dryRun === true) return dryRun(connections, tenants, report);
  await requirePhase(connections, tenants, request.tenants === undefined);
  await ensureTarget(connections);
  report.status = await inRun(
    home,
    {
      command: "milvus sync",
      options: request,
      limits: {
        batchRows: request.batchSize ?? defaultBatchSize,
        concurrency: request.concurrency ?? defaultConcurrency,
        recordsPerSecond: request.maxRps,
        bytesPerSecond: request.maxBytesRate,
      },
      report: () => report,
    },
    watch,
    async (run) => {
      report.runId = run.id;
      for (const tenant of tenants) {
        if (run.signal.aborted) return "interrupted";
        await syncTenant(connections, tenant, request, run, watch.progress, report);
      }
      if (run.signal.aborted) return "interrupted";
      return report.totals.failed > 0 ? "completed_with_errors" : "completed";
    },
  );
  report.finishedAt = new Date().toISOString();
  return report;
}

async function syncTenant(
  connections: VectorConnections,
  tenant: string,
  { restart = false }: SyncRequest,
  run: Run,
  progress: ProgressSink,
  report: SyncReport,
): Promise<void> {
  const { state, stores, replicator } = connections;
  const lock = `vectors:sync:${tenant}`;
  const totals: TenantReport = { tenant, source: 0, copied: 0, skipped: 0, failed: 0, bytes: 0, state: "copying" };
  report.tenants.push(totals);
  if (!(await run.locks.tryLock(lock))) {
    totals.state = "busy";
    progress.note(`Tenant ${tenant} is being copied by another run, and is left to it`);
    return;
  }
  try {
    const checkpoints = sqliteCheckpoints(state);
    const errors = new SqliteRecordErrors(state);
    const scope = syncScope(tenant);
    if (restart) {
      await checkpoints.forget(scope);
      await errors.discard({ scopes: [scope] });
    }
    const saved = await checkpoints.load(scope);
    const start: Cursor =
      saved === undefined ? { after: undefined, copied: 0, isDone: false } : (JSON.parse(saved) as Cursor);
    totals.source = await stores.weaviate.count(tenant);
    totals.skipped = start.copied;
    if (start.isDone) {
      totals.state = "skipped";
      return;
    }
    const limit = new RefusalLimit(mostRefusedInARow);
    let { copied } = start;
    progress.partitionStarted(tenant, tenant, totals.source, copied);
    const end = await transfer(
      {
        source: new ObjectSource(
          connections,
          tenant,
          start.after,
          liveBatchLimits(run.pacing, { bytes: mostBatchBytes }),
        ),
        sink: new ObjectSink(connections, tenant),
        checkpoint: {
          confirm: async (batch, receipt) => {
            await errors.save(scope, run.id, receipt?.refused ?? []);
            copied += batch.records;
            await checkpoints.save(
              scope,
              JSON.stringify({ after: batch.last, copied, isDone: false } satisfies Cursor),
            );
          },
        },
        pacing: run.pacing,
        onConfirmed: (batch, receipt) => {
          totals.copied += receipt?.written ?? 0;
          totals.failed += receipt?.refused.length ?? 0;
          totals.bytes += batch.bytes;
          progress.advanced(tenant, batch.records, batch.bytes);
          limit.note(receipt);
        },
      },
      run.signal,
    );
    if (end === "completed") {
      await replicator.applyAll({ tenant }, run.signal); // what was written while it was copied
      await checkpoints.save(scope, JSON.stringify({ after: undefined, copied, isDone: true } satisfies Cursor));
      totals.state = "copied";
    }
    progress.partitionFinished(tenant);
  } finally {
    for (const key of ["source", "copied", "skipped", "failed", "bytes"] as const) report.totals[key] += totals[key];
    await run.locks.unlock(lock);
  }
}

/** Whether the tenant's copy has ended; the next sync skips it. */
export async function isCopied({ state }: Pick<VectorConnections, "state">, tenant: string): Promise<boolean> {
  const saved = await sqliteCheckpoints(state).load(syncScope(tenant));
  return saved !== undefined && (JSON.parse(saved) as Cursor).isDone;
}

async function requirePhase(
  { state }: VectorConnections,
  tenants: readonly string[],
  isEveryone: boolean,
): Promise<void> {
  const wrong: string[] = [];
  for (const tenant of tenants) {
    const { phase } = await readPhase(state, tenant);
    if (phase === "dual_write" || phase === "sync") continue;
    if (isEveryone && phase !== "setup") continue; // it has been copied
    wrong.push(`${tenant} (${phase})`);
  }
  if (wrong.length === 0) return;
  throw new UsageError("wrong_phase", `Only tenants in phase dual_write or sync are copied: ${wrong.join(", ")}.`, {
    hint: "app milvus phase set TENANT dual_write; a tenant beyond phase sync is compared and mended with app milvus verify --repair.",
  });
}

async function dryRun(
  { stores, milvus, options }: VectorConnections,
  tenants: readonly string[],
  report: SyncReport,
): Promise<SyncReport> {
  const { hasCollection } = await import("../../stores/milvus/collection.ts");
  const isThere = await hasCollection(milvus, options.milvus.collection);
  for (const tenant of tenants) {
    const source = await stores.weaviate.count(tenant);
    const skipped = isThere ? await stores.milvus.count(tenant) : 0;
    report.tenants.push({ tenant, source, copied: 0, skipped, failed: 0, bytes: 0, state: "would_copy" });
    report.totals.source += source;
    report.totals.skipped += skipped;
  }
  report.status = "dry_run";
  report.finishedAt = new Date().toISOString();
  return report;
}
