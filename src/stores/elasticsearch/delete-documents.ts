import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../engine/errors.ts";
import { described } from "./errors.ts";

/** Afterwards none of these documents is in the index. Throws AppError when one could not be deleted; the others are gone then. */
export async function deleteDocuments(client: Client, index: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const response = await described(
    client.bulk({
      index,
      operations: ids.map((id) => ({ delete: { _id: id } })),
      filter_path: ["items.delete.status", "items.delete.error"],
    }),
  );
  const failed = (response.items ?? []).find((item) => item.delete?.error !== undefined)?.delete?.error;
  if (failed === undefined) return;
  throw new AppError(
    "documents_not_deleted",
    `Documents of ${index} were not deleted: ${failed.type}: ${failed.reason}`,
    {
      hint: "Mend the cause and run the same command again.",
    },
  );
}
