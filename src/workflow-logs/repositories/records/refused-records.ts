import { AppError, UsageError } from "../../../engine/errors.ts";
import { validateTenantId } from "../../../stores/elasticsearch/indices/index-names.ts";
import { toInstant } from "./instants.ts";
import type { LogRecord } from "./record-kind.ts";

const yearZero = "0000";

/**
 * Throws UsageError for a record that could not be stored in both stores: it is refused by each, before anything is
 * written.
 */
export function validateWritten({ id, tenantId, createdAt }: LogRecord): void {
  validateTenantId(tenantId);
  if (!isDocumentId(id)) {
    throw new UsageError("invalid_id", `${JSON.stringify(id.slice(0, 100))} is no id of a log.`, {
      hint: "Nothing was written. Give it an id of 1 to 512 bytes.",
    });
  }
  if (toInstant(createdAt) === createdAt && !createdAt.startsWith(yearZero)) return;
  throw new UsageError("invalid_created_at", `created_at of ${id} is ${JSON.stringify(createdAt)}.`, {
    hint: "Nothing was written. Give it in UTC with microseconds, as in 2025-11-01T00:00:00.000000Z.",
  });
}

/** Elasticsearch refuses other ids. */
export function isDocumentId(id: string): boolean {
  return id !== "" && Buffer.byteLength(id) <= 512;
}

export function refuseOtherTenant({ id, tenantId }: LogRecord): AppError {
  return new AppError("other_tenant", `The id ${id} is not one of tenant ${tenantId}: another has a log with it.`, {
    hint: "Nothing was written. Give every log an id of its own.",
  });
}
