import { UsageError } from "../../engine/errors.ts";
import { LocalFolder } from "./local-folder.ts";
import { S3Bucket, type S3Settings } from "./s3.ts";

/** Where the platform keeps the files that its rows name by their key. Every method throws AppError when the storage does not answer or refuses. */
export interface BlobStorage {
  /** The blob's first `maxBytes` bytes, or undefined when there is none. A key that leads out of the storage names no blob. */
  load(key: string, maxBytes: number): Promise<Buffer | undefined>;
  /** Afterwards the blob is there with this content. Throws AppError for a key that leads out of the storage. */
  store(key: string, content: Buffer): Promise<void>;
  /** Afterwards there is no such blob. A key that leads out of the storage names none. */
  delete(key: string): Promise<void>;
  /** Returns when blobs can be looked for. */
  check(): Promise<void>;
}

/** The platform's own settings, as far as they are understood. */
export type BlobStorageSettings =
  | { readonly kind: "folder"; readonly root: string }
  | ({ readonly kind: "s3" } & S3Settings)
  | { readonly kind: "unsupported"; readonly reason: string };

/** Opens nothing yet. Throws UsageError for a storage that cannot be read. */
export function blobStorage(settings: BlobStorageSettings): BlobStorage {
  if (settings.kind === "folder") return new LocalFolder(settings.root);
  if (settings.kind === "s3") return new S3Bucket(settings);
  throw new UsageError("unsupported_storage", `Offloaded contents cannot be read: ${settings.reason}.`, {
    hint: "Give the platform's STORAGE_TYPE with OPENDAL_FS_ROOT, STORAGE_LOCAL_PATH or S3_*, or leave the contents where they are with --offload reference.",
  });
}
