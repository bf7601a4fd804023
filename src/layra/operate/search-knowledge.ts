import { AppError } from "../../engine/errors.ts";
import { search } from "../milvus/search.ts";
import { collection, type FileDocument, withoutId } from "../mongodb/documents.ts";
import type { Stores } from "../stores.ts";

export interface KnowledgeHit {
  readonly score: number;
  readonly image_id: string;
  readonly page_number: number;
  /** Undefined when MongoDB has no such file any more. */
  readonly file: FileDocument | undefined;
}

/** The pages of a knowledge base that fit the query best, with the file that each is of. */
export async function searchKnowledge(
  stores: Stores,
  kbId: string,
  queryVectors: readonly (readonly number[])[],
  topk: number,
): Promise<KnowledgeHit[]> {
  const pages = await search(stores.milvus, kbId, queryVectors, topk);
  const db = await stores.mongodb();
  const ids = [...new Set(pages.map(({ file_id }) => file_id))];
  const files = await collection(db, "files")
    .find({ file_id: { $in: ids } }, withoutId)
    .toArray();
  const byId = new Map(files.map((file) => [file.file_id, file as FileDocument]));
  return pages.map(({ score, image_id, page_number, file_id }) => ({
    score,
    image_id,
    page_number,
    file: byId.get(file_id),
  }));
}

/**
 * Vectors of a text from an embedding service: POST `{"queries": [text]}`, answered by `{"embeddings": [[vector,
 * ...]]}` or a bare list of vectors.
 */
export async function embed(url: string, text: string, timeoutMillis: number): Promise<number[][]> {
  const failed = (reason: string, cause?: unknown): AppError =>
    new AppError("embedding_failed", `The embedding service ${new URL(url).origin} ${reason}.`, {
      cause,
      hint: "Look at --embedding-url, or give vectors with --vectors.",
    });
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ queries: [text] });
  let answer: unknown;
  try {
    const response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(timeoutMillis) });
    if (!response.ok) throw failed(`answers ${response.status}`);
    answer = await response.json();
  } catch (cause) {
    throw cause instanceof AppError ? cause : failed("does not answer", cause);
  }
  const vectors = vectorsIn(answer);
  if (vectors === undefined) throw failed("answers with something that is no list of vectors");
  return vectors;
}

/**
 * The vectors of a JSON document: a list of them, one in `vectors` or `embeddings`, or one query's in a list of
 * queries.
 */
export function vectorsIn(document: unknown): number[][] | undefined {
  if (typeof document === "object" && document !== null && !Array.isArray(document)) {
    const { vectors, embeddings } = document as { vectors?: unknown; embeddings?: unknown };
    return vectorsIn(vectors ?? embeddings ?? null);
  }
  if (!Array.isArray(document) || document.length === 0) return undefined;
  if (document.length === 1 && isVectorList(document[0])) return document[0];
  return isVectorList(document) ? document : undefined;
}

function isVectorList(given: unknown): given is number[][] {
  return (
    Array.isArray(given) &&
    given.length > 0 &&
    given.every((one) => Array.isArray(one) && one.every((number) => typeof number === "number"))
  );
}
