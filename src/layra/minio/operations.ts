import { UsageError } from "../../engine/errors.ts";
import { longestPresign } from "../../stores/blobs/s3-objects.ts";
import { uploadObject } from "../../stores/blobs/upload-object.ts";
import type { Stores } from "../stores.ts";

/** What an upload takes: bytes, or a stream of them of any length. */
export type Upload = Uint8Array | AsyncIterable<Uint8Array>;

/** Makes the bucket when it is missing. True when it was made here. */
export function initMinio(stores: Stores): Promise<boolean> {
  return stores.objects().ensureBucket();
}

/**
 * The object is there afterwards, whole; an object of that key before is replaced. A stream is never held in memory
 * whole.
 */
export async function uploadFile(stores: Stores, key: string, content: Upload, contentType?: string): Promise<void> {
  await uploadObject(stores.objects(), key, content, { "content-type": contentType ?? "application/octet-stream" });
}

/** A page of a document as a picture. */
export async function uploadImage(stores: Stores, key: string, content: Upload): Promise<void> {
  await uploadFile(stores, key, content, "image/png");
}

/**
 * An address for browsers, at MINIO_PUBLIC_URL where that is given. @throws UsageError beyond 7 days, which signatures
 * do not allow
 */
export async function createPresignedUrl(stores: Stores, key: string, expires = 3600): Promise<string> {
  if (expires > longestPresign)
    throw new UsageError(
      "invalid_expiry",
      `A signed address is valid for 7 days (${longestPresign} seconds) at most.`,
      {
        hint: "Ask for a shorter time, and sign anew when it is over.",
      },
    );
  return stores.objects().presign(key, expires, stores.options.minio.publicUrl);
}

/** Its content, or undefined where there is no such object. */
export async function getFileFromMinio(stores: Stores, key: string): Promise<Buffer | undefined> {
  return (await stores.objects().get(key))?.content;
}

/** Afterwards none of these is there; the keys that MinIO did not delete are returned, with its reason. */
export function bulkDelete(
  stores: Stores,
  keys: readonly string[],
): Promise<{ readonly key: string; readonly reason: string }[]> {
  return stores.objects().deleteMany(keys);
}

export async function validateFileExistence(stores: Stores, key: string): Promise<boolean> {
  return (await stores.objects().head(key)) !== undefined;
}
