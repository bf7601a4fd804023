import type { Client } from "@elastic/elasticsearch";
import { sideBySide } from "../../engine/side-by-side.ts";
import { giveTo, markedIndices } from "../../stores/elasticsearch/indices/index-marks.ts";
import { type Ownership, ownerOf } from "../../stores/elasticsearch/indices/ownership.ts";
import { resources } from "../partitions/log-types.ts";
import { updateArchive } from "../state/archive.ts";
import type { StateDatabase } from "../state/database.ts";

interface Adopting {
  readonly state: StateDatabase;
  readonly elasticsearch: Client;
  readonly settings: { readonly template: { readonly prefix: string } };
}

const marksAtOnce = 4;

/**
 * Gives the archive's mark to the indices that it made before marks named an archive, and only to those that its state
 * knows. One that takes no mark now, because its metadata is blocked, gets it the next time.
 */
export async function adoptIndices(
  { state, elasticsearch, settings }: Adopting,
  archiveId: string,
  ownership: Ownership,
): Promise<void> {
  const found = await markedIndices(elasticsearch, settings.template.prefix, resources);
  const own = found.filter(
    (index) => index.mark.archive === undefined && ownerOf({ ...index, meta: index.mark }, ownership) === "this",
  );
  const refusals: unknown[] = [];
  await sideBySide(own, marksAtOnce, async (index) => {
    await giveTo(elasticsearch, archiveId, index).catch((error: unknown) => refusals.push(error));
  });
  if (refusals.length === 0) await updateArchive(state, { adopted_at: new Date().toISOString() });
}
