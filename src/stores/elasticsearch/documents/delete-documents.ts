import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import type { DocumentVersion } from "./document-versions.ts";
import { described } from "../errors.ts";

/**
 * Afterwards none of these documents is in the index; returns the ids of those that were. Throws AppError when one could not be deleted; the others
 * are gone then. `opaqueId` is as BulkWriter has it.
 */
export async function deleteDocuments(
  client: Client,
  index: string,
  ids: readonly string[],
  opaqueId?: string,
): Promise<string[]> {
  if (ids.length === 0) return [];
  const response = await described(
    client.bulk(
      {
        index,
        operations: ids.map((id) => ({ delete: { _id: id } })),
        filter_path: ["items.delete.result", "items.delete.error"],
      },
      opaqueId === undefined ? {} : { opaqueId },
    ),
  );
  const items = response.items ?? [];
  const failed = items.find((item) => item.delete?.error !== undefined)?.delete?.error;
  if (failed === undefined) return ids.filter((_, at) => items[at]?.delete?.result === "deleted");
  throw new AppError(
    "documents_not_deleted",
    `Documents of ${index} were not deleted: ${failed.type}: ${failed.reason}`,
    {
      hint: "Mend the cause and run the same command again.",
    },
  );
}

/** Afterwards the index no longer has this version of the document; a newer one stays. */
export async function deleteVersion(
  client: Client,
  index: string,
  id: string,
  { seqNo, primaryTerm }: DocumentVersion,
): Promise<void> {
  const someoneWasFaster = [404, 409];
  await described(
    client.delete({ index, id, if_seq_no: seqNo, if_primary_term: primaryTerm }, { ignore: someoneWasFaster }),
  );
}
