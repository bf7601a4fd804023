import { deleteDocuments, deleteVersion } from "../../stores/elasticsearch/documents/delete-documents.ts";
import { documentVersions } from "../../stores/elasticsearch/documents/document-versions.ts";
import type { Connections } from "../connections.ts";
import { sourceVersion } from "../documents/source-version.ts";

/**
 * Deletes the documents as they were at this version of the source; returns the ids of those that went. One that was
 * written from a later read stays: its row has come back. One from a future that the database was set back from (see
 * writeAgain) goes.
 */
export async function deleteOlder(
  { elasticsearch, postgres }: Pick<Connections, "elasticsearch" | "postgres">,
  index: string,
  ids: readonly string[],
  version: string,
  opaqueId?: string,
): Promise<string[]> {
  const { deleted, newer } = await deleteDocuments(elasticsearch, index, ids, { version, opaqueId });
  if (newer.length === 0) return deleted;
  const left = await documentVersions(elasticsearch, index, newer);
  const now = BigInt(await sourceVersion(postgres));
  for (const [id, document] of left) {
    if (document.version <= now) continue;
    await deleteVersion(elasticsearch, index, id, document);
    deleted.push(id);
  }
  return deleted;
}
