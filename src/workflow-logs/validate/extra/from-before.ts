import { createdMillis } from "../../../stores/elasticsearch/indices/indices.ts";
import type { Connections } from "../../connections.ts";
import { readArchive } from "../../state/archive.ts";

/**
 * Whether this database may be older than documents of the index: it was restored or copied, and the index was there
 * when it took the archive over. An index that a snapshot brought back is as old as the one it was taken of.
 */
export async function isFromBefore({ elasticsearch, state, archive }: Connections, index: string): Promise<boolean> {
  if (archive.setBackXid === undefined) return false;
  const setBackAt = (await readArchive(state))?.set_back_at;
  const createdAt = await createdMillis(elasticsearch, index);
  return setBackAt != null && (createdAt === undefined || createdAt <= Date.parse(setBackAt));
}
