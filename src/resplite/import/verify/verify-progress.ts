import type { DatabaseSync } from "node:sqlite";
import type { Difference } from "./compare-key.ts";
import { detailsOf, setDetails } from "../run-record.ts";

/** A key as people read it. */
export interface Mismatch {
  readonly key: string;
  readonly difference: Difference;
}

/** How far a full verification is, and what it found. */
export interface VerifyCursor {
  readonly side: "source" | "file";
  /** Of SCAN, or the last key of the file in base64. */
  readonly cursor: string;
  readonly sampled: number;
  readonly unsupported: number;
  readonly byDifference: Partial<Record<Difference, number>>;
  readonly first: readonly Mismatch[];
}

/** Undefined when there is none under way. */
export function loadVerification(file: DatabaseSync, runId: string): VerifyCursor | undefined {
  const text = detailsOf(file, runId)?.verify_report;
  return text ? (JSON.parse(text) as VerifyCursor) : undefined;
}

export function saveVerification(file: DatabaseSync, runId: string, cursor: VerifyCursor): void {
  setDetails(file, runId, { verify_report: JSON.stringify(cursor) });
}

export function forgetVerification(file: DatabaseSync, runId: string): void {
  setDetails(file, runId, { verify_report: null });
}
