import type { ObjectHeaders, S3Objects } from "./s3-objects.ts";

/** S3 takes parts of 5 MB or more, all but the last. */
const partBytes = 8 * 1024 * 1024;

/** Stores an object of bytes, or of a stream in parts of 8 MB, of which two are in memory at most. */
export async function uploadObject(
  objects: S3Objects,
  key: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  headers: ObjectHeaders,
): Promise<void> {
  if (content instanceof Uint8Array) return objects.put(key, content, headers);
  let uploadId: string | undefined;
  let count = 0;
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    waiting.push(chunk);
    size += chunk.length;
    if (size < partBytes) continue;
    uploadId ??= await objects.beginUpload(key, headers);
    await objects.putPart(key, uploadId, ++count, Buffer.concat(waiting));
    [waiting, size] = [[], 0];
  }
  if (uploadId === undefined) return objects.put(key, Buffer.concat(waiting), headers);
  if (size > 0) await objects.putPart(key, uploadId, ++count, Buffer.concat(waiting));
  await objects.completeUpload(key, uploadId, count);
}
