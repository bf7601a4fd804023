import type { DifferenceCounts } from "../state/validate/differences.ts";
import { type DataType, type Partition, partitionKey } from "../partitions/log-types.ts";
import type { ValidateOptions } from "./options.ts";

export interface ValidateTotals {
  /** Rows in PostgreSQL and documents in Elasticsearch. */
  source: number;
  target: number;
  /** Rows compared: matched + missing + different + changed. */
  checked: number;
  matched: number;
  missing: number;
  /** Documents without a row that nothing explains. */
  extra: number;
  /**
   * Rows that the platform deleted while that was recorded, and whose documents are kept or wait for the deletion to be
   * applied.
   */
  keptAfterDelete: number;
  different: number;
  /** Rows written while they were validated, and not equal to their document yet: nothing can be said of them. */
  changed: number;
  /** Of those missing, rows that Elasticsearch refused. */
  recordErrors: number;
  /** Rows purged from PostgreSQL whose document is gone. */
  lost: number;
  /** Rows purged from PostgreSQL whose document is not what it was then. */
  altered: number;
  /** Documents without a row here whose id has another document, where its row is or was last. */
  doubled: number;
  /** Rows purged from PostgreSQL; the documents of all of them were looked at with `--full`. */
  purged: number;
  /**
   * Of them, rows purged before fingerprints were written: nothing tells whether their documents are what they were.
   */
  unproven: number;
}

export interface ReportedDifference {
  readonly dataType: string;
  readonly tenantId: string;
  /** Null where created_at names no month. */
  readonly month: string | null;
  readonly id: string;
  readonly kind: string;
  readonly columns: readonly string[];
  readonly reason: string | null;
  /** Mended by this run. */
  readonly resolved: "repaired" | "deleted" | null;
}

/** A partition whose rows and documents are not as many, counted twice. */
export interface CountDifference extends Partition {
  readonly source: number;
  readonly target: number;
}

/** A month that cannot be compared: its index is closed, or its name is an alias of another one. */
export interface UnreadableMonth extends Partition {
  readonly because: "closed" | "alias";
}

/** What a sample was, and with which probability it finds wrong rows and documents. */
export interface SampleReport {
  readonly rows: number;
  readonly ofRows: number;
  readonly documents: number;
  readonly ofDocuments: number;
  /** At least: for wrong rows anywhere, and for documents without a row anywhere. */
  readonly finds: readonly { readonly wrong: number; readonly rows: number; readonly documents: number }[];
}

export interface ValidateReport {
  readonly command: "elasticsearch validate";
  runId: string | null;
  /** Null for several or all tenants. */
  readonly tenantId: string | null;
  readonly level: "sample" | "full";
  status: "match" | "mismatch" | "interrupted";
  readonly startedAt: string;
  finishedAt: string;
  seconds: number;
  byDataType: Partial<Record<DataType, ValidateTotals>>;
  /** The first ones; all of them are in log_archive.validation_differences. */
  differences: readonly ReportedDifference[];
  /** Rows copied again that are equal now, and documents deleted. */
  repaired: number;
  deleted: number;
  countDifferences: readonly CountDifference[];
  /** Left out, and none of them matches. */
  unreadable: readonly UnreadableMonth[];
  sample: SampleReport | null;
  readonly partitions: { total: number; done: number; verified: number };
  warnings: readonly string[];
}

/** What was found in one partition. */
export interface PartitionResult extends DifferenceCounts {
  readonly source: number;
  readonly target: number;
  readonly checked: number;
  readonly keptAfterDelete: number;
  readonly purged: number;
  readonly unproven: number;
}

/** Gathers what a run finds, in the shape of its report. */
export class ValidateCounters {
  readonly report: ValidateReport;
  private readonly started = performance.now();
  private readonly results = new Map<string, { dataType: DataType; result: PartitionResult }>();
  private readonly types: readonly DataType[];
  private readonly warnings: string[] = [];

  constructor({ scope, level }: ValidateOptions) {
    this.types = scope.dataTypes;
    this.report = {
      command: "elasticsearch validate",
      runId: null,
      tenantId: scope.tenantIds.length === 1 ? scope.tenantIds[0]! : null,
      level,
      status: "match",
      startedAt: new Date().toISOString(),
      finishedAt: "",
      seconds: 0,
      byDataType: {},
      differences: [],
      repaired: 0,
      deleted: 0,
      countDifferences: [],
      unreadable: [],
      sample: null,
      partitions: { total: 0, done: 0, verified: 0 },
      warnings: [],
    };
  }

  /** What is known of a partition now, in place of what was known before. */
  found(partition: Partition, result: PartitionResult): void {
    this.results.set(partitionKey(partition), { dataType: partition.dataType, result });
  }

  /** Rows that can be in no partition: all of them are missing. */
  unarchivable(dataType: DataType, rows: number): void {
    const none = {
      extra: 0,
      keptAfterDelete: 0,
      different: 0,
      changed: 0,
      lost: 0,
      altered: 0,
      doubled: 0,
      purged: 0,
      unproven: 0,
      repaired: 0,
      deleted: 0,
      target: 0,
    };
    const result = { ...none, source: rows, checked: rows, missing: rows, recordErrors: rows };
    this.results.set(`${dataType} without a partition`, { dataType, result });
  }

  resultOf(partition: Partition): PartitionResult | undefined {
    return this.results.get(partitionKey(partition))?.result;
  }

  warn(text: string): void {
    this.warnings.push(text);
  }

  get warned(): readonly string[] {
    return this.warnings;
  }

  /** The report as it stands now. */
  snapshot(): ValidateReport {
    const { report } = this;
    report.byDataType = Object.fromEntries(this.types.map((type) => [type, this.totalsOf(type)]));
    const results = [...this.results.values()].map(({ result }) => result);
    report.repaired = results.reduce((sum, { repaired }) => sum + repaired, 0);
    report.deleted = results.reduce((sum, { deleted }) => sum + deleted, 0);
    if (report.status !== "interrupted") report.status = this.hasMismatch() ? "mismatch" : "match";
    report.warnings = [...this.warnings];
    report.finishedAt = new Date().toISOString();
    report.seconds = Math.round(performance.now() - this.started) / 1000;
    return report;
  }

  private hasMismatch(): boolean {
    const { byDataType, countDifferences, unreadable } = this.report;
    const wrong = Object.values(byDataType).some(
      ({ missing, extra, different, lost, altered, doubled }) =>
        missing + extra + different + lost + altered + doubled > 0,
    );
    return wrong || countDifferences.length > 0 || unreadable.length > 0;
  }

  private totalsOf(type: DataType): ValidateTotals {
    const totals: ValidateTotals = {
      source: 0,
      target: 0,
      checked: 0,
      matched: 0,
      missing: 0,
      extra: 0,
      keptAfterDelete: 0,
      different: 0,
      changed: 0,
      recordErrors: 0,
      lost: 0,
      altered: 0,
      doubled: 0,
      purged: 0,
      unproven: 0,
    };
    for (const { dataType, result } of this.results.values()) {
      if (dataType !== type) continue;
      for (const key of Object.keys(totals) as (keyof ValidateTotals)[])
        totals[key] += key === "matched" ? matchedOf(result) : result[key];
    }
    return totals;
  }
}

function matchedOf({ checked, missing, different, changed }: PartitionResult): number {
  return checked - missing - different - changed;
}
