import type { BlobStorage } from "../../stores/blobs/blob-storage.ts";
import type { ClusterInfo } from "../../stores/elasticsearch/cluster.ts";
import type { Connections } from "../connections.ts";
import type { DryRun } from "../migrate/dry-run.ts";
import type { SourceTable } from "../partitions/source-schema.ts";

/** What one check found. `fail` means that a migration would not work or would do harm. */
export interface Finding {
  readonly check: string;
  readonly level: "ok" | "warn" | "fail";
  readonly message: string;
  /** What to do, a statement to run where there is one. */
  readonly hint?: string;
}

/** What checks look at: gathered once, without writing anything. */
export interface Inspection {
  readonly connections: Connections;
  readonly cluster: ClusterInfo;
  readonly sources: readonly SourceTable[];
  /** The platform's file storage, where contents are to be loaded from it. */
  readonly blobs: BlobStorage | undefined;
}

export type Check = (inspection: Inspection) => Promise<Finding[]>;

/** A check that needs to know what would be copied, which takes a scan of the log tables. */
export type PlanCheck = (inspection: Inspection, plan: DryRun) => Finding[];

export function ok(check: string, message: string): Finding {
  return { check, level: "ok", message };
}

export function warn(check: string, message: string, hint: string): Finding {
  return { check, level: "warn", message, hint };
}

export function fail(check: string, message: string, hint: string): Finding {
  return { check, level: "fail", message, hint };
}
