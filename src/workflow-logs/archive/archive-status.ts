import type { Connections } from "../connections.ts";
import { changedSettings, otherSchema } from "./changed-settings.ts";

export interface ArchiveStatus {
  /** Null while there is none. */
  readonly id: string | null;
  /** The database that it belongs to; null until it has written for the first time. */
  readonly database: string | null;
  readonly indexPrefix: string | null;
  readonly sourceTimeZone: string | null;
  /** Of the log tables, as it was found when the archive was claimed last. */
  readonly sourceSchema: string | null;
  /** Why commands that write will refuse; empty when they will not. */
  readonly problems: readonly string[];
  /** Every archive that has indices under the prefix; null where that cannot be read. */
  readonly claims: readonly { readonly id: string; readonly database: string; readonly lastClaimedAt: string }[] | null;
}

/** Whose the archive is, as it stands now. Writes nothing. */
export async function archiveStatus(connections: Connections): Promise<ArchiveStatus> {
  const { row, here, claims, objection } = await connections.archive.facts();
  const changed = await changedSettings(connections, row);
  const other = otherSchema(row, here);
  return {
    id: row?.id ?? null,
    database: row?.database_name ?? null,
    indexPrefix: row?.index_prefix ?? null,
    sourceTimeZone: row?.source_time_zone ?? null,
    sourceSchema: row?.source_schema ?? null,
    problems: [
      ...(objection === undefined ? [] : [objection.message]),
      ...(other === undefined ? [] : [other.message]),
      ...changed.map(({ variable, stored, given }) => `${variable} is ${given}, the archive was made with ${stored}.`),
    ],
    claims:
      claims === undefined
        ? null
        : Array.from(claims.values(), ({ archiveId: id, database, claimedAt }) => ({
            id,
            database,
            lastClaimedAt: claimedAt,
          })),
  };
}
