import { AppError } from "../../../engine/errors.ts";

/** Why a document of a request for many could not be looked at. */
interface ReadError {
  readonly type?: string | undefined;
  readonly reason?: string | null | undefined;
}

/**
 * A document that cannot be read must not look as if it were missing: throws AppError. That of a missing index is
 * missing.
 */
export function refuseUnreadable({ type, reason }: ReadError): void {
  if (type === "index_not_found_exception") return;
  throw new AppError("document_unreadable", `Elasticsearch could not read a document: ${type}: ${reason}`, {
    hint: "Look at the cluster's health and at closed indices, then run the same command again.",
  });
}
