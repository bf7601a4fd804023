import { AppError } from "../../engine/errors.ts";
import { describeStoreError } from "../connections.ts";
import type { Partition } from "../partitions/log-types.ts";

/** A month whose index takes no documents now, while rows or changes of it wait. */
export interface WaitingMonth extends Partition {
  /** Rows that wait, as far as is known; at least one. */
  readonly rows: number;
  readonly reason: string;
  readonly hint: string;
}

/** Codes of failures that concern one index, or one kind of request into it. */
const ofOneIndex = new Set([
  "document_unreadable",
  "documents_not_deleted",
  "elasticsearch_blocked",
  "elasticsearch_forbidden",
  "index_alias",
  "index_blocked",
  "index_closed",
  "index_foreign",
  "index_gone",
  "index_of_another_archive",
  "index_not_ready",
  "target_refuses",
]);

/** The failure when it is one that concerns this month alone, so that the others go on; undefined for any other. */
export function failureOfOneMonth(error: unknown): AppError | undefined {
  const failure = describeStoreError(error);
  return failure instanceof AppError && ofOneIndex.has(failure.code) ? failure : undefined;
}

export function waitingMonth({ dataType, tenantId, month }: Partition, rows: number, failure: AppError): WaitingMonth {
  return { dataType, tenantId, month, rows: Math.max(1, rows), reason: failure.message, hint: failure.hint ?? "" };
}
