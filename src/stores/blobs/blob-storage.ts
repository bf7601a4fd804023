/**
 * Where the platform keeps the files that its rows name by their key. Every method throws AppError when the storage
 * does not answer or refuses.
 */
export interface BlobStorage {
  /**
   * The blob's first `maxBytes` bytes, or undefined when there is none. A key that leads out of the storage names no
   * blob.
   */
  load(key: string, maxBytes: number): Promise<Buffer | undefined>;
  /** Afterwards the blob is there with this content. Throws AppError for a key that leads out of the storage. */
  store(key: string, content: Buffer): Promise<void>;
  /** Afterwards there is no such blob. A key that leads out of the storage names none. */
  delete(key: string): Promise<void>;
  /** Returns when blobs can be looked for. */
  check(): Promise<void>;
}
