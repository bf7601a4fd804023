import { AppError } from "../../engine/errors.ts";
import { describeStoreError } from "../connections.ts";

/** Codes of failures that end by themselves, when a server has been started again or has caught up. */
const passing = new Set([
  "database_busy",
  "database_conflict",
  "database_connection_lost",
  "database_down",
  "database_lock",
  "database_unreachable",
  "documents_not_deleted",
  "elasticsearch_blocked",
  "elasticsearch_failed",
  "elasticsearch_intercepted",
  "elasticsearch_overloaded",
  "elasticsearch_timeout",
  "elasticsearch_unreachable",
  "index_not_ready",
  "late_requests",
  "partition_taken_over",
  "target_unavailable",
  "unexpected_answer",
]);

/** The failure as an operator reads it, when it is one that passes; undefined for any other. */
export function passingFailure(error: unknown): AppError | undefined {
  const described = describeStoreError(error);
  return described instanceof AppError && passing.has(described.code) ? described : undefined;
}
