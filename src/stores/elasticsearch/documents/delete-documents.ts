import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import type { DocumentVersion } from "./document-versions.ts";
import { described } from "../errors.ts";
import { documentId, placeOf, routingOf } from "../indices/place.ts";
import { blockedType, throughSeal } from "../indices/seal.ts";

export interface Deleted {
  /** Ids of documents that were there. */
  readonly deleted: string[];
  /** Those that the index has at a higher version than the one given. */
  readonly newer: string[];
}

/**
 * Deletes the documents, with `version` only those that the index does not have at a higher one; for `index.gc_deletes`
 * (20 minutes in our templates) it then takes no older one in their place. Throws AppError when one could not be
 * deleted; the others are gone then. `opaqueId` is as BulkWriter has it.
 */
export async function deleteDocuments(
  client: Client,
  index: string,
  ids: readonly string[],
  { version, opaqueId }: { readonly version?: string | undefined; readonly opaqueId?: string | undefined } = {},
): Promise<Deleted> {
  if (ids.length === 0) return { deleted: [], newer: [] };
  const place = placeOf(index);
  // a number of 64 bits, which JSON.stringify would not write as one
  const versioned = version === undefined ? "" : `,"version":${version},"version_type":"external_gte"`;
  const lines = ids.map((id) => `{"delete":{"_id":${JSON.stringify(documentId(place, id))}${versioned}}}\n`);
  const send = () =>
    client.transport.request<Answer>(
      {
        method: "POST",
        path: `/${encodeURIComponent(place.index)}/_bulk`,
        querystring: { filter_path: "items.delete.result,items.delete.error", ...routingOf(place) },
        bulkBody: lines.join(""),
      },
      opaqueId === undefined ? {} : { opaqueId },
    );
  const { items = [] } = await described(throughSeal(client, place.index, send, isBlocked));
  const isNewer = (item: RawItem | undefined): boolean =>
    version !== undefined && item?.delete?.error?.type === "version_conflict_engine_exception";
  const failed = items.find((item) => item.delete?.error !== undefined && !isNewer(item))?.delete?.error;
  if (failed === undefined)
    return {
      deleted: ids.filter((_, at) => items[at]?.delete?.result === "deleted"),
      newer: ids.filter((_, at) => isNewer(items[at])),
    };
  throw new AppError(
    "documents_not_deleted",
    `Documents of ${index} were not deleted: ${failed.type}: ${failed.reason}`,
    {
      hint: "Mend the cause and run the same command again.",
    },
  );
}

interface Answer {
  readonly items?: readonly RawItem[];
}

function isBlocked({ items = [] }: Answer): boolean {
  return items.some((item) => item.delete?.error?.type === blockedType);
}

interface RawItem {
  readonly delete?: {
    readonly result?: string;
    readonly error?: { readonly type: string; readonly reason?: string };
  };
}

/** Afterwards the index no longer has this version of the document; a newer one stays. */
export async function deleteVersion(
  client: Client,
  index: string,
  id: string,
  { seqNo, primaryTerm }: DocumentVersion,
): Promise<void> {
  const someoneWasFaster = [404, 409];
  const place = placeOf(index);
  const version = { if_seq_no: seqNo, if_primary_term: primaryTerm };
  const document = { index: place.index, id: documentId(place, id), ...routingOf(place) };
  await described(
    throughSeal(client, place.index, () => client.delete({ ...document, ...version }, { ignore: someoneWasFaster })),
  );
}
