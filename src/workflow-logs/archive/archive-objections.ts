import type { ArchiveClaim } from "../../stores/elasticsearch/archive-claims.ts";
import type { ArchiveRow } from "../state/archive.ts";
import type { SourceIdentity } from "./source-identity.ts";

/** Why this database must not write into, or delete from, what lies under the prefix. */
export interface Objection {
  readonly code: "archive_copied" | "archive_taken_over" | "archive_of_another" | "archive_behind";
  readonly message: string;
}

/**
 * Whether the database is the one that the archive belongs to. A failed-over standby is: it has the cluster's
 * identifier and the database's oid. What a role may not see is not compared.
 */
export function copiedFrom(row: ArchiveRow | undefined, here: SourceIdentity): Objection | undefined {
  if (row === undefined || row.claimed_at === null) return undefined;
  const name = JSON.stringify(row.database_name ?? "");
  const isOtherServer =
    row.system_identifier !== null && here.systemIdentifier !== null && row.system_identifier !== here.systemIdentifier;
  if (isOtherServer) {
    const isUpgrade = row.database_oid === here.databaseOid && row.table_oid === here.tableOid;
    const cause = isUpgrade
      ? "as after pg_upgrade, which gives the server a new identifier"
      : "a restored, copied or replicated one";
    return {
      code: "archive_copied",
      message: `This database is not the one that the archive belongs to: its server is another than that of the database ${name} (${cause}).`,
    };
  }
  if (row.database_oid === here.databaseOid) return undefined;
  return {
    code: "archive_copied",
    message: `This database is a copy of the one that the archive belongs to, the database ${name} with oid ${row.database_oid} (this one: ${JSON.stringify(here.databaseName)}, ${here.databaseOid}).`,
  };
}

/**
 * What the claims under the prefix say against this archive. `isOwnToken`: its claim's token is one that this database
 * has made.
 */
export function claimedByOthers(
  row: ArchiveRow | undefined,
  prefix: string,
  claims: ReadonlyMap<string, ArchiveClaim>,
  isOwnToken: boolean,
): Objection | undefined {
  const own = row && claims.get(row.id);
  if (own !== undefined) {
    if (isOwnToken) return undefined;
    return {
      code: "archive_behind",
      message: `A database that was copied from this one, or that this one was copied from, has written into the archive since: at ${own.claimedAt}, which this one knows nothing of.`,
    };
  }
  const [other] = claims.values();
  if (other === undefined) return undefined;
  const whose = `the archive of the database ${JSON.stringify(other.database)} (${other.archiveId})`;
  if (row !== undefined && row.claimed_at !== null && row.index_prefix === prefix) {
    return { code: "archive_taken_over", message: `This database's archive was taken over by ${whose}.` };
  }
  return { code: "archive_of_another", message: `The indices of the prefix ${prefix} belong to ${whose}.` };
}
