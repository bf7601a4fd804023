import { UsageError } from "../../engine/errors.ts";
import type { BlobStorage } from "./blob-storage.ts";
import { LocalFolder } from "./local-folder.ts";
import { S3Bucket } from "./s3.ts";
import type { S3Settings } from "./s3-requests.ts";

// src/stores/blobs owns files of the platform's storage, in a folder or on S3, behind one port (blob-storage.ts). It
// never knows what is in them.

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
