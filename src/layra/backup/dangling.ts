import { createHash } from "node:crypto";
import type { Document } from "mongodb";
import { collectionOf } from "../milvus/knowledge.ts";
import type { FileDocument } from "../mongodb/documents.ts";
import { objectsOf } from "../mongodb/files.ts";
import { pieceOf } from "./adapters/minio.ts";
import type { Dangling, Manifest, Section } from "./manifest.ts";
import type { BackupPlace } from "./place.ts";
import { readPart } from "./read-parts.ts";

const mostShown = 100;

/** Eight bytes a name: a bucket of ten million objects takes 80 MB. */
class Names {
  private readonly hashes: bigint[] = [];
  private sorted: BigUint64Array | undefined;

  add(name: string): void {
    this.hashes.push(hashOf(name));
  }

  has(name: string): boolean {
    this.sorted ??= BigUint64Array.from(this.hashes).toSorted();
    const wanted = hashOf(name);
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.sorted[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return this.sorted[low] === wanted;
  }
}

function hashOf(name: string): bigint {
  return createHash("sha256").update(name).digest().readBigUInt64BE();
}

/**
 * What documents of a backup name and the backup does not hold: objects of files and pages, and vectors of knowledge
 * bases with files. Something was deleted while the backup was taken, or was missing before.
 */
export async function danglingIn(
  place: BackupPlace,
  manifest: Omit<Manifest, "dangling">,
): Promise<Manifest["dangling"]> {
  const { id, sections, stores } = manifest;
  const bson = stores.includes("mongodb") ? await import("mongodb").then(({ BSON }) => BSON) : undefined;
  if (bson === undefined || !(stores.includes("minio") || stores.includes("milvus"))) return { total: 0, first: [] };
  const objects = new Names();
  for await (const record of recordsOf(sections.filter(({ store }) => store === "minio"))) {
    const { head } = pieceOf(record);
    if (head.piece === 0) objects.add(head.key);
  }
  const collections = new Set(sections.filter(({ store }) => store === "milvus").map(({ name }) => name));
  const first: Dangling[] = [];
  let total = 0;
  const miss = (dangling: Dangling): void => {
    total++;
    if (first.length < mostShown) first.push(dangling);
  };
  for (const section of sections.filter(
    ({ store, name }) => store === "mongodb" && (name === "files" || name === "knowledge_bases"),
  ))
    for await (const record of recordsOf([section])) {
      const document = bson.deserialize(record);
      if (section.name === "files" && stores.includes("minio")) {
        for (const object of objectsOf(document as FileDocument))
          if (!objects.has(object))
            miss({ store: "minio", missing: object, namedBy: `files ${String(document["file_id"])}` });
      }
      if (section.name === "knowledge_bases" && stores.includes("milvus")) {
        const missing = missingCollection(document, collections);
        if (missing !== undefined)
          miss({ store: "milvus", missing, namedBy: `knowledge_bases ${String(document["knowledge_base_id"])}` });
      }
    }
  return { total, first };

  async function* recordsOf(some: readonly Section[]): AsyncGenerator<Buffer> {
    for (const { parts } of some) for (const part of parts) yield* await readPart(place, id, part);
  }
}

function missingCollection(
  { knowledge_base_id: id, files, is_delete }: Document,
  collections: ReadonlySet<string>,
): string | undefined {
  const hasFiles = Array.isArray(files) && files.length > 0 && is_delete !== true;
  if (!hasFiles || typeof id !== "string" || !/^[\w-]+$/.test(id)) return undefined;
  const name = collectionOf(id);
  return collections.has(name) ? undefined : name;
}
