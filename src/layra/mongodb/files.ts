import type { Db } from "mongodb";
import type { Stores } from "../stores.ts";
import { failed, type Outcome, success } from "../outcome.ts";
import { collection, type FileDocument, type ImageEntry } from "./documents.ts";

/** The file's document, and its entry in the knowledge base. One that is there already stays as it is. */
export async function createFiles(
  stores: Stores,
  fileId: string,
  username: string,
  filename: string,
  minioFilename: string,
  minioUrl: string,
  kbId: string,
): Promise<Outcome & { readonly id: string }> {
  const db = await stores.mongodb();
  const now = new Date();
  const place = { filename, minio_filename: minioFilename, minio_url: minioUrl };
  await collection(db, "files").updateOne(
    { file_id: fileId },
    {
      $setOnInsert: {
        ...place,
        username,
        knowledge_db_id: kbId,
        images: [],
        created_at: now,
        last_modify_at: now,
        is_delete: false,
      },
    },
    { upsert: true },
  );
  await collection(db, "knowledge_bases").updateOne(
    { knowledge_base_id: kbId, "files.file_id": { $ne: fileId } },
    { $push: { files: { file_id: fileId, ...place, created_at: now } }, $set: { last_modify_at: now } },
  );
  return { ...success("File created"), id: fileId };
}

/** Adds one page of a file. A page that is there already stays as it is. */
export async function addImages(
  stores: Stores,
  fileId: string,
  imageId: string,
  minioFilename: string,
  minioUrl: string,
  pageNumber: number,
): Promise<Outcome> {
  const db = await stores.mongodb();
  const image: ImageEntry = {
    images_id: imageId,
    minio_filename: minioFilename,
    minio_url: minioUrl,
    page_number: pageNumber,
  };
  const { matchedCount } = await collection(db, "files").updateOne(
    { file_id: fileId, "images.images_id": { $ne: imageId } },
    { $push: { images: image }, $set: { last_modify_at: new Date() } },
  );
  if (matchedCount === 1) return success("Image added");
  const isThere = await collection(db, "files").countDocuments({ file_id: fileId });
  return isThere > 0 ? success("Image exists already") : failed("File not found");
}

export type FileAndImage = Outcome & {
  readonly file_minio_filename?: string;
  readonly file_minio_url?: string;
  readonly image_minio_filename?: string;
  readonly image_minio_url?: string;
  readonly page_number?: number;
  readonly knowledge_db_id?: string;
};

/** Where a file and one of its pages lie. */
export async function getFileAndImageInfo(stores: Stores, fileId: string, imageId: string): Promise<FileAndImage> {
  const db = await stores.mongodb();
  const file = await collection(db, "files").findOne({ file_id: fileId, is_delete: { $ne: true } });
  if (file === null) return failed("File not found");
  const image = file.images.find(({ images_id }) => images_id === imageId);
  const ofFile = {
    file_minio_filename: file.minio_filename,
    file_minio_url: file.minio_url,
    knowledge_db_id: file.knowledge_db_id,
  };
  if (image === undefined) return { ...failed("Image not found"), ...ofFile };
  return {
    ...success("File and image found"),
    ...ofFile,
    image_minio_filename: image.minio_filename,
    image_minio_url: image.minio_url,
    page_number: image.page_number,
  };
}

export type FilesDeleted = Outcome & {
  readonly deleted_count: number;
  readonly not_found_ids: readonly string[];
  /** Objects that MinIO did not delete. Their files stay, so that the same call tries again. */
  readonly failed_objects: readonly string[];
};

/**
 * Deletes files: their objects first, then their entries in knowledge bases, and their documents last. An object that
 * another file names stays.
 */
export async function deleteFilesBulk(stores: Stores, fileIds: readonly string[]): Promise<FilesDeleted> {
  const db = await stores.mongodb();
  const ids = [...new Set(fileIds)];
  if (ids.length === 0)
    return { ...success("Nothing to delete"), deleted_count: 0, not_found_ids: [], failed_objects: [] };
  const found = await collection(db, "files")
    .find({ file_id: { $in: ids } })
    .toArray();
  const known = new Set(found.map(({ file_id }) => file_id));
  const not_found_ids = ids.filter((id) => !known.has(id));
  const objects = await unshared(db, [...known], found.flatMap(objectsOf));
  const refused = objects.length === 0 ? [] : await stores.objects().deleteMany(objects);
  const left = new Set(refused.map(({ key }) => key));
  const gone = found
    .filter((file) => !objectsOf(file).some((object) => left.has(object)))
    .map(({ file_id }) => file_id);
  await collection(db, "knowledge_bases").updateMany(
    { "files.file_id": { $in: gone } },
    { $pull: { files: { file_id: { $in: gone } } }, $set: { last_modify_at: new Date() } },
  );
  const { deletedCount } = await collection(db, "files").deleteMany({ file_id: { $in: gone } });
  const all = not_found_ids.length === 0 && left.size === 0;
  return {
    status: all ? "success" : deletedCount > 0 ? "partial_success" : "failed",
    message: `${deletedCount} files deleted, ${not_found_ids.length} not found, ${left.size} objects not deleted`,
    deleted_count: deletedCount,
    not_found_ids,
    failed_objects: [...left],
  };
}

/** The objects of a file and its pages, whatever a document of another hand has in their place. */
export function objectsOf({ minio_filename, images }: Pick<FileDocument, "minio_filename" | "images">): string[] {
  const pages = Array.isArray(images) ? images.map((image) => image?.minio_filename) : [];
  return [minio_filename, ...pages].filter((name) => typeof name === "string" && name !== "");
}

/** Those of the objects that no other file names. */
async function unshared(db: Db, fileIds: readonly string[], objects: readonly string[]): Promise<string[]> {
  const wanted = [...new Set(objects)];
  const others = collection(db, "files").find({
    file_id: { $nin: [...fileIds] },
    $or: [{ minio_filename: { $in: wanted } }, { "images.minio_filename": { $in: wanted } }],
  });
  const shared = new Set<string>();
  for await (const file of others) for (const object of objectsOf(file)) shared.add(object);
  return wanted.filter((object) => !shared.has(object));
}
