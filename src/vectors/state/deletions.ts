import type { StateFile } from "../../stores/sqlite/state-file.ts";
import type { DeletedRecord, DeletedRecords } from "../operations/deleted-records.ts";

/** Deletions in the state file. */
export class StoredDeletions implements DeletedRecords {
  private readonly state: StateFile;

  constructor(state: StateFile) {
    this.state = state;
  }

  async note(records: readonly DeletedRecord[]): Promise<void> {
    await this.state.write((db) => {
      const insert = db.prepare(
        "insert into vector_deletions (tenant, record_id, record_type, deleted_at, s3_path) values (?, ?, ?, ?, ?)",
      );
      for (const { tenantName, uniqueid, recordType, lastModified, s3_path } of records)
        insert.run(tenantName, uniqueid, recordType, lastModified, s3_path);
    });
  }

  since(tenant: string, since: number, limit: number, offset: number): Promise<DeletedRecord[]> {
    return this.state.read((db) =>
      db
        .prepare(
          `select record_id, record_type, deleted_at, s3_path from vector_deletions
           where id in (select max(id) from vector_deletions where tenant = ? and deleted_at >= ? group by record_id)
           order by deleted_at, id limit ? offset ?`,
        )
        .all(tenant, Math.floor(since), limit, offset)
        .map((row) => ({
          uniqueid: row["record_id"] as string,
          recordType: row["record_type"] as string | null,
          lastModified: row["deleted_at"] as number,
          tenantName: tenant,
          s3_path: row["s3_path"] as string | null,
        })),
    );
  }
}
