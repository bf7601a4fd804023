import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import type { BlobStorage } from "../../stores/blobs/blob-storage.ts";
import { fileSize, type Offload } from "./offloaded-rows.ts";

/** Why a content is not in the document of its row. */
type ContentError =
  | "no_file_row"
  | "file_of_other_tenant"
  | "file_missing"
  | "too_large"
  | "size_differs"
  | "hash_differs"
  | "not_text";

/** UTF-8 text exactly as it lies in the storage, or why there is none. */
export type LoadedContent = { readonly text: Buffer } | { readonly error: ContentError };

/**
 * The content of an offload row if it has the size and the SHA3-256 that the platform noted for its file (a file
 * without a hash is taken by its size). Throws AppError when the storage fails: nothing is known of the content then.
 */
export async function loadContent(
  storage: Pick<BlobStorage, "load">,
  tenantId: string,
  offload: Offload,
  maxBytes: number,
): Promise<LoadedContent> {
  const { file } = offload;
  if (typeof file?.key !== "string") return { error: "no_file_row" };
  if (file.tenant_id !== tenantId) return { error: "file_of_other_tenant" };
  const size = fileSize(offload);
  if (size !== undefined && size > maxBytes) return { error: "too_large" };
  const text = await storage.load(file.key, (size ?? maxBytes) + 1); // one byte more tells a file that is longer
  if (text === undefined) return { error: "file_missing" };
  if (size === undefined ? text.length > maxBytes : text.length !== size)
    return { error: size === undefined ? "too_large" : "size_differs" };
  if (file.hash != null && file.hash !== "" && file.hash.toLowerCase() !== sha3(text)) return { error: "hash_differs" };
  return isUtf8(text) ? { text } : { error: "not_text" };
}

function sha3(bytes: Buffer): string {
  return createHash("sha3-256").update(bytes).digest("hex");
}
