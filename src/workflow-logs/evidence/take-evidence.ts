import type { KeyObject } from "node:crypto";
import { access, constants, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../../engine/errors.ts";
import { operator } from "../../runs/operator.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import { inRun, type Run } from "../../runs/run.ts";
import { clusterInfo } from "../../stores/elasticsearch/cluster.ts";
import { listIndices } from "../../stores/elasticsearch/indices/index-list.ts";
import type { Connections } from "../connections.ts";
import { dataTypeOf, logTypes, type Partition, partitionKey } from "../partitions/log-types.ts";
import { whenFree } from "../partitions/partition-lock.ts";
import { isInScope, type Scope } from "../partitions/scope.ts";
import { refuseShared } from "../archive/refuse-shared.ts";
import { archiveHome } from "../run-home.ts";
import { countPurgedEntries, purgedFingerprints } from "../state/cleanup/purged-documents.ts";
import { countPurgedRows } from "../state/restore/restore-findings.ts";
import { upgradeState } from "../state/upgrade.ts";
import { evidenceFormat, type EvidenceStatement, evidenceText, howHashed, mostSegments } from "./evidence-file.ts";
import { walkIndex } from "./walk-index.ts";

// Evidence says in a small file what an index holds, so that it can be proven later, elsewhere, and without PostgreSQL.
// It never says that documents are those of rows that are still in PostgreSQL: that is validate's.

export interface EvidenceOptions {
  /** Of exactly one tenant. */
  readonly scope: Scope;
  /** Folder that the files are written into; it has to be there. */
  readonly folder: string;
  /** A private key of Ed25519. */
  readonly signingKey?: KeyObject | undefined;
  readonly programVersion: string;
}

/** Why there is no evidence of a partition. */
export interface EvidenceObjection extends Partition {
  readonly index: string | null;
  readonly reason: string;
  /** The first documents that it is about. */
  readonly ids: readonly string[];
}

export interface EvidenceReport {
  readonly command: "elasticsearch evidence";
  readonly tenantId: string;
  status: "completed" | "completed_with_errors" | "interrupted";
  runId: string | null;
  readonly files: {
    readonly file: string;
    readonly index: string;
    readonly documents: number;
    readonly purged: number;
  }[];
  readonly objections: EvidenceObjection[];
}

/**
 * Writes a file of evidence for each month of the tenant that has an index. A month gets none when documents of purged
 * rows are gone or changed, or when somebody else has written into its index: the report says so. Writes nothing else.
 */
export async function takeEvidence(
  connections: Connections,
  options: EvidenceOptions,
  watch: { readonly signal: AbortSignal; readonly progress: ProgressSink },
): Promise<EvidenceReport> {
  refuseShared(connections.settings.template, "Evidence is of whole indices of one tenant.", otherWay);
  await requireFolder(options.folder);
  await connections.archive.check();
  await upgradeState(connections.state);
  const { scope } = options;
  const report: EvidenceReport = {
    command: "elasticsearch evidence",
    tenantId: scope.tenantIds[0]!,
    status: "completed",
    runId: null,
    files: [],
    objections: [],
  };
  const described = { scope, folder: options.folder, isSigned: options.signingKey !== undefined };
  const description = {
    command: report.command,
    options: described,
    limits: { batchRows: 1000, concurrency: 1 },
    report: () => report,
  };
  try {
    report.status = await inRun(archiveHome(connections, watch), description, watch, async (run) => {
      report.runId = run.id;
      await ofAll(connections, options, run, watch.progress, report);
      return report.objections.length > 0 ? ("completed_with_errors" as const) : ("completed" as const);
    });
  } finally {
    watch.progress.stop();
  }
  return report;
}

const otherWay = "app elasticsearch export writes a tenant's documents with a manifest of their hashes.";

async function requireFolder(folder: string): Promise<void> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const isWritable = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (isFolder && isWritable) return;
  throw new UsageError("folder_missing", `${folder} is no folder that can be written into.`, {
    hint: "Make it, or name another one with --output.",
  });
}

interface OpenIndex extends Partition {
  readonly name: string;
  readonly uuid: string;
  readonly documents: number | undefined;
  readonly status: "open" | "closed";
}

async function ofAll(
  connections: Connections,
  options: EvidenceOptions,
  run: Run,
  progress: ProgressSink,
  report: EvidenceReport,
): Promise<void> {
  const indices = await indicesOf(connections, options.scope);
  const keys = new Set(indices.map(partitionKey));
  for (const lost of (await countPurgedRows(connections.state, report.tenantId)) as (Partition & { rows: number })[]) {
    if (!isInScope(lost, options.scope) || keys.has(partitionKey(lost))) continue;
    report.objections.push({
      ...partitionOf(lost),
      index: null,
      ids: [],
      reason: `its index is gone, and with it ${lost.rows} purged rows`,
    });
  }
  progress.plan(
    indices.reduce((sum, { documents = 0 }) => sum + documents, 0),
    indices.length,
  );
  for (const index of indices) {
    const key = partitionKey(index);
    progress.partitionStarted(key, index.name, index.documents ?? 0, 0);
    try {
      await whenFree(run, partitionOf(index), () => ofIndex(connections, options, run, progress, index, report));
    } finally {
      progress.partitionFinished(key);
    }
  }
}

async function indicesOf({ elasticsearch, archive, settings }: Connections, scope: Scope): Promise<OpenIndex[]> {
  const resources = scope.dataTypes.map((type) => logTypes[type].resource);
  const listed = await listIndices(elasticsearch, archive, settings.template.prefix, resources, scope.tenantIds[0]);
  return listed.indices
    .map((index) => ({ ...index, dataType: dataTypeOf(index.resource) }))
    .filter((index) => isInScope(index, scope));
}

function partitionOf({ dataType, tenantId, month }: Partition): Partition {
  return { dataType, tenantId, month };
}

const idsNamed = 10;

async function ofIndex(
  connections: Connections,
  { folder, signingKey, programVersion }: EvidenceOptions,
  run: Run,
  progress: ProgressSink,
  index: OpenIndex,
  report: EvidenceReport,
): Promise<void> {
  const { elasticsearch, state, archive, postgres } = connections;
  const partition = partitionOf(index);
  const object = (reason: string, ids: readonly string[] = []): void =>
    void report.objections.push({ ...partition, index: index.name, reason, ids: ids.slice(0, idsNamed) });
  if (index.status === "closed") return object("its index is closed");

  const begunAt = new Date().toISOString();
  const altered: string[] = [];
  let [purged, unproven] = [0, 0];
  const { digest, strangers } = await walkIndex(
    elasticsearch,
    index.name,
    {
      segments: mostSegments,
      unpaused: (signal) => run.pacing.unpaused(signal),
      onBatch: async (fingerprints, bytes) => {
        const journal = await purgedFingerprints(state, partition, [...fingerprints.keys()]);
        for (const [id, expected] of journal) {
          if (expected === null) unproven++;
          else if (expected.equals(fingerprints.get(id)!)) purged++;
          else altered.push(id);
        }
        progress.advanced(partitionKey(partition), fingerprints.size, bytes);
      },
    },
    run.signal,
  );
  if (strangers.length > 0) return object(`${strangers.length} documents were not written by this program`, strangers);
  if (altered.length > 0)
    return object(`${altered.length} documents are not what they were when their rows were purged`, altered);
  const journal = await countPurgedEntries(state, partition);
  const lost = journal.purged - purged - unproven;
  if (lost > 0)
    return object(`the documents of ${lost} purged rows are gone; app elasticsearch validate --full names them`);

  const { row } = await archive.facts();
  const server = await postgres.query<{ version: string }>("select current_setting('server_version') as version");
  const statement: EvidenceStatement = {
    format: evidenceFormat,
    hashes: howHashed,
    archive: { id: row?.id ?? null, database: row?.database_name ?? null },
    index: { name: index.name, uuid: index.uuid },
    ...partition,
    documents: digest.documents,
    firstId: digest.firstId,
    lastId: digest.lastId,
    purged,
    unproven,
    others: digest.documents - purged - unproven,
    root: digest.root,
    segments: digest.segments.map(({ lastId, documents, hash }) => [lastId, documents, hash]),
    begunAt,
    takenAt: new Date().toISOString(),
    operator: operator(),
    runId: run.id,
    versions: {
      program: programVersion,
      elasticsearch: (await clusterInfo(elasticsearch)).version,
      postgres: server.rows[0]!.version,
    },
  };
  const file = join(folder, `${index.name}.${statement.takenAt.replace(/[-:]|\.\d+/g, "")}.evidence.json`);
  await writeFile(file, evidenceText(statement, signingKey), { flag: "wx" }); // earlier evidence is never written over
  report.files.push({ file, index: index.name, documents: digest.documents, purged });
}
