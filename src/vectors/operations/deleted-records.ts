/** What is told to devices of a record that was deleted. */
export interface DeletedRecord {
  readonly uniqueid: string;
  readonly recordType: string | null;
  /** When it was deleted, in milliseconds. */
  readonly lastModified: number;
  readonly tenantName: string;
  readonly s3_path: string | null;
}

/** Port: remembers deletions, so that syncByLastModified can tell of them. */
export interface DeletedRecords {
  /** Durable when it resolves. */
  note(records: readonly DeletedRecord[]): Promise<void>;
  /** The tenant's deletions from `since` (milliseconds) on, oldest first, each id once, with its last deletion. */
  since(tenant: string, since: number, limit: number, offset: number): Promise<DeletedRecord[]>;
}
