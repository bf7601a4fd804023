import { AppError } from "../../engine/errors.ts";
import { transfer } from "../../engine/transfer.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import { inRun, type Run } from "../../runs/run.ts";
import { eachSource } from "../../stores/elasticsearch/documents/each-source.ts";
import { type PutOutcome, putDocuments } from "../../stores/elasticsearch/documents/put-documents.ts";
import { indexName } from "../../stores/elasticsearch/indices/index-names.ts";
import { ensureIndex, refreshIndex } from "../../stores/elasticsearch/indices/indices.ts";
import { mappingOf } from "../../stores/elasticsearch/indices/template-files.ts";
import { installTemplates } from "../../stores/elasticsearch/indices/templates.ts";
import type { Connections } from "../connections.ts";
import { type DataType, logTypes } from "../partitions/log-types.ts";
import { archiveHome } from "../run-home.ts";
import { upgradeState } from "../state/upgrade.ts";
import { filesToImport } from "./files-to-import.ts";
import { type ImportedDocument, lineBatches } from "./line-batches.ts";

export interface ImportOptions {
  readonly tenantId: string;
  /** A folder of an export, or one file of NDJSON. */
  readonly from: string;
  /** Of a file whose name does not begin with it. */
  readonly dataType?: DataType | undefined;
  /** Reads and compares, and writes nothing. */
  readonly dryRun: boolean;
}

export interface ImportCounts {
  read: number;
  /** Written, or to be written in a dry run. */
  imported: number;
  /** There, byte for byte. */
  present: number;
  /** There with other contents, which stay. */
  different: number;
  refused: number;
}

export interface ImportFinding {
  readonly file: string;
  readonly line: number;
  readonly id: string | null;
  readonly kind: "different" | "refused";
  readonly reason: string;
}

export interface ImportReport extends ImportCounts {
  readonly tenantId: string;
  status: "completed" | "completed_with_errors" | "interrupted" | "dry_run";
  runId: string | null;
  readonly files: ({ readonly file: string } & ImportCounts)[];
  /** The first ones. */
  readonly findings: ImportFinding[];
}

const shownFindings = 100;
const nothing: ImportCounts = { read: 0, imported: 0, present: 0, different: 0, refused: 0 };

/**
 * Writes the documents of NDJSON files into the tenant's indices, byte for byte, each into the month of its
 * created_at. A document that is there stays as it is, and is reported when it is another, so that a run can be
 * repeated at any time. A line that is no document of the tenant is refused. Throws AppError with the state it left.
 */
export async function importLogs(
  connections: Connections,
  options: ImportOptions,
  watch: { readonly signal: AbortSignal; readonly progress: ProgressSink },
): Promise<ImportReport> {
  const files = await filesToImport(options);
  await connections.archive.check();
  await upgradeState(connections.state);
  if (!options.dryRun) await installTemplates(connections.elasticsearch, connections.settings.template);
  const report: ImportReport = {
    tenantId: options.tenantId,
    status: options.dryRun ? "dry_run" : "completed",
    runId: null,
    ...nothing,
    files: [],
    findings: [],
  };
  const description = {
    command: "elasticsearch import",
    options,
    limits: { batchRows: 1000, concurrency: 1 },
    report: () => report,
  };
  try {
    const end = await inRun(archiveHome(connections, watch), description, watch, async (run) => {
      report.runId = run.id;
      watch.progress.plan(0, files.length);
      for (const { file, dataType } of files)
        if ((await importFile(connections, options, { file, dataType }, run, watch.progress, report)) === "interrupted")
          return "interrupted";
      return report.different + report.refused > 0 ? "completed_with_errors" : "completed";
    });
    if (end === "interrupted" || !options.dryRun) report.status = end;
  } finally {
    watch.progress.stop();
  }
  return report;
}

async function importFile(
  connections: Connections,
  { tenantId, dryRun }: ImportOptions,
  { file, dataType }: { readonly file: string; readonly dataType: DataType },
  run: Run,
  progress: ProgressSink,
  report: ImportReport,
): Promise<"completed" | "interrupted"> {
  const counts = { file, ...nothing };
  report.files.push(counts);
  const add = (kind: keyof ImportCounts, by = 1): void => {
    counts[kind] += by;
    report[kind] += by;
  };
  const found = (kind: "different" | "refused", finding: Omit<ImportFinding, "file" | "kind">): void => {
    add(kind);
    if (report.findings.length < shownFindings) report.findings.push({ file, kind, ...finding });
  };
  const months = new Months(connections, dataType, tenantId);
  progress.partitionStarted(file, file, 0, 0);
  const end = await transfer(
    {
      source: lineBatches(file, tenantId),
      sink: {
        async write({ documents, refused }) {
          for (const line of refused) found("refused", line);
          for (const [month, some] of Map.groupBy(documents, (document) => document.month)) {
            const index = await months.index(month, dryRun);
            const fates = await write(connections, index, some, dryRun);
            for (const [at, document] of some.entries()) {
              const fate = fates[at]!;
              if (fate === "imported" || fate === "present") add(fate);
              else found(fate.kind, { line: document.line, id: document.id, reason: fate.reason });
            }
          }
          add("read", documents.length + refused.length);
          return { written: documents.length, refused: [] };
        },
      },
      checkpoint: { confirm: async () => {} }, // what is there is found there when it is run again
      pacing: run.pacing,
      onConfirmed: (batch) => progress.advanced(file, batch.records, batch.bytes),
    },
    run.signal,
  );
  await months.refresh();
  progress.partitionFinished(file);
  return end;
}

type Fate = "imported" | "present" | { readonly kind: "different" | "refused"; readonly reason: string };

/** What becomes of each, in their order. */
async function write(
  { elasticsearch: client }: Connections,
  index: string,
  documents: readonly ImportedDocument[],
  dryRun: boolean,
): Promise<Fate[]> {
  const there = new Map<string, Buffer>();
  const ids = [...new Set(documents.map(({ id }) => id))];
  await eachSource(client, index, ids, (id, source) => void there.set(id, source));
  const missing = new Map<string, ImportedDocument>();
  for (const document of documents)
    if (!there.has(document.id) && !missing.has(document.id)) missing.set(document.id, document);
  const outcomes = dryRun ? new Map<string, PutOutcome>() : await putDocuments(client, index, [...missing.values()]);
  return documents.map((document): Fate => {
    const { id, source } = document;
    if (missing.get(id) === document) return dryRun ? "imported" : fateOf(outcomes.get(id)!);
    return (there.get(id) ?? missing.get(id)!.source).equals(source) ? "present" : another;
  });
}

const another: Fate = { kind: "different", reason: "another document has its id, and stays as it is" };
/** Of a server that is busy: the same document may be taken later. */
const passing = /rejected_execution|circuit_breaking|cluster_block/;

function fateOf(outcome: PutOutcome): Fate {
  if (outcome.kind === "written") return "imported";
  if (outcome.kind === "conflict") return another;
  if (passing.test(outcome.type))
    throw new AppError("import_rejected", `Elasticsearch did not take a document: ${outcome.type}: ${outcome.reason}`, {
      hint: "What was written stays. Run the same command again when the cluster has room.",
    });
  return { kind: "refused", reason: `${outcome.type}: ${outcome.reason}` };
}

/** The indices of one data type of the tenant, made when they are needed first. */
class Months {
  private readonly connections: Connections;
  private readonly address: { readonly resource: string; readonly tenantId: string };
  private readonly known = new Set<string>();

  constructor(connections: Connections, dataType: DataType, tenantId: string) {
    this.connections = connections;
    this.address = { resource: logTypes[dataType].resource, tenantId };
  }

  async index(month: string, dryRun: boolean): Promise<string> {
    const { elasticsearch, archive, settings } = this.connections;
    const named = { ...this.address, month };
    const name = indexName({ ...settings.template, ...named });
    if (dryRun || this.known.has(name)) return name;
    await ensureIndex(elasticsearch, archive, { name, ...named }, mappingOf(named.resource));
    this.known.add(name);
    return name;
  }

  async refresh(): Promise<void> {
    for (const name of this.known) await refreshIndex(this.connections.elasticsearch, name);
  }
}
