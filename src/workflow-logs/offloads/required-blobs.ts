import { UsageError } from "../../engine/errors.ts";
import type { BlobStorage } from "../../stores/blobs/blob-storage.ts";
import type { Connections } from "../connections.ts";
import type { MigrateOptions } from "../copying/options.ts";

/**
 * The file storage where the options ask for its contents, else undefined. Throws UsageError when it is not configured.
 */
export function requiredBlobs(
  { blobs }: Pick<Connections, "blobs">,
  { offload }: Pick<MigrateOptions, "offload">,
): BlobStorage | undefined {
  if (offload === "reference") return undefined;
  if (blobs !== undefined) return blobs;
  throw new UsageError("storage_not_configured", "Offloaded contents are to be copied, but no file storage is given.", {
    hint: "Give the connections `blobs`, or leave the contents where they are with offload: reference. Nothing was touched.",
  });
}
