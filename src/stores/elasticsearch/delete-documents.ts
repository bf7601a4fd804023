import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../engine/errors.ts";
import { described } from "./errors.ts";

/**
 * Afterwards none of these documents is in the index; how many were. Throws AppError when one could not be deleted; the others are gone then.
 */
export async function deleteDocuments(client: Client, index: string, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  const response = await described(
    client.bulk({
      index,
      operations: ids.map((id) => ({ delete: { _id: id } })),
      filter_path: ["items.delete.result", "items.delete.error"],
    }),
  );
  const items = response.items ?? [];
  const failed = items.find((item) => item.delete?.error !== undefined)?.delete?.error;
  if (failed === undefined) return items.filter((item) => item.delete?.result === "deleted").length;
  throw new AppError(
    "documents_not_deleted",
    `Documents of ${index} were not deleted: ${failed.type}: ${failed.reason}`,
    {
      hint: "Mend the cause and run the same command again.",
    },
  );
}
