import { sideBySide } from "../../engine/side-by-side.ts";
import { UsageError } from "../../engine/errors.ts";
import type { Milvus } from "../../stores/milvus/client.ts";
import { literal } from "../../stores/milvus/filters.ts";
import { collectionOf, hnsw } from "./knowledge.ts";

export interface FoundPage {
  /** Sum over the query's vectors of the largest inner product with one of the page's. */
  readonly score: number;
  readonly image_id: string;
  readonly page_number: number;
  readonly file_id: string;
}

/** Nearest rows of each query vector whose pages are looked at whole. */
const candidates = 50;
/** Pages of one document; beyond offset + limit = 16,384 Milvus refuses. */
const pageRows = 4096;
const mostRows = 16_384;
const atOnce = 4;
/** Own writes are seen. */
const strong = 0;

interface Row {
  readonly image_id: string;
  readonly page_number: number | string;
  readonly file_id: string;
  readonly vector: number[];
}

/**
 * The pages that fit several query vectors best, best first: late interaction as ColBERT and ColQwen have it. Pages are
 * found by the nearest vectors, then scored by all of theirs.
 */
export async function search(
  milvus: Milvus,
  kbId: string,
  queryVectors: readonly (readonly number[])[],
  topk = 10,
): Promise<FoundPage[]> {
  const collection = collectionOf(kbId);
  requireVectors(queryVectors);
  const images = await candidateImages(milvus, collection, queryVectors, Math.max(candidates, topk));
  const pages = await sideBySide(images, atOnce, (image) => scored(milvus, collection, image, queryVectors));
  return pages
    .filter((page) => page !== undefined)
    .toSorted((one, other) => other.score - one.score || (one.image_id < other.image_id ? -1 : 1))
    .slice(0, topk);
}

function requireVectors(vectors: readonly (readonly number[])[]): void {
  const length = vectors[0]?.length ?? 0;
  const isRight = length > 0 && vectors.every((one) => one.length === length && one.every(Number.isFinite));
  if (!isRight)
    throw new UsageError("invalid_vectors", "The query is not a list of vectors of one length.", {
      hint: 'As JSON: [[0.1, 0.2, ...], ...], or {"vectors": [...]}.',
    });
}

async function candidateImages(
  milvus: Milvus,
  collection_name: string,
  vectors: readonly (readonly number[])[],
  limit: number,
): Promise<string[]> {
  const answers = await sideBySide(vectors, atOnce, (vector) =>
    milvus.call("search vectors", (client) =>
      client.search({
        collection_name,
        data: [...vector],
        anns_field: "vector",
        limit,
        output_fields: ["image_id"],
        metric_type: hnsw.metric_type,
        params: { ef: Math.max(100, limit) },
        consistency_level: strong,
      }),
    ),
  );
  return [...new Set(answers.flatMap(({ results }) => results.map((row) => String(row["image_id"]))))];
}

async function scored(
  milvus: Milvus,
  collection_name: string,
  image: string,
  queryVectors: readonly (readonly number[])[],
): Promise<FoundPage | undefined> {
  const best = queryVectors.map(() => Number.NEGATIVE_INFINITY);
  let first: Row | undefined;
  for (let offset = 0; offset < mostRows; offset += pageRows) {
    const { data } = await milvus.call("read the vectors of a page", (client) =>
      client.query({
        collection_name,
        filter: `image_id == ${literal(image)}`,
        output_fields: ["vector", "image_id", "page_number", "file_id"],
        limit: pageRows,
        offset,
        consistency_level: strong,
      }),
    );
    for (const row of data as unknown as Row[]) {
      first ??= row;
      for (const [at, query] of queryVectors.entries()) best[at] = Math.max(best[at]!, product(query, row.vector));
    }
    if (data.length < pageRows) break;
  }
  if (first === undefined) return undefined; // deleted meanwhile
  return {
    score: best.reduce((sum, one) => sum + one, 0),
    image_id: first.image_id,
    page_number: Number(first.page_number),
    file_id: first.file_id,
  };
}

function product(one: readonly number[], other: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += one[at]! * (other[at] ?? 0);
  return sum;
}
