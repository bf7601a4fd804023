import type { StateFile } from "../../stores/sqlite/state-file.ts";

/** Reads of one operation that were asked of both stores. */
export interface Comparison {
  readonly same: number;
  readonly different: number;
  /** The other store failed. */
  readonly failed: number;
  /** Reads that Weaviate answered in Milvus' stead. */
  readonly fellBack: number;
  /** Summed up over those that are the same or different. */
  readonly weaviateMillis: number;
  readonly milvusMillis: number;
}

export async function countComparison(
  state: StateFile,
  tenant: string,
  operation: string,
  { same = 0, different = 0, failed = 0, fellBack = 0, weaviateMillis = 0, milvusMillis = 0 }: Partial<Comparison>,
): Promise<void> {
  await state.write((db) =>
    db
      .prepare(
        `insert into vector_comparisons (tenant, operation, same, different, failed, fell_back, weaviate_millis, milvus_millis)
         values (?, ?, ?, ?, ?, ?, ?, ?)
         on conflict (tenant, operation) do update set same = same + excluded.same, different = different + excluded.different,
           failed = failed + excluded.failed, fell_back = fell_back + excluded.fell_back,
           weaviate_millis = weaviate_millis + excluded.weaviate_millis, milvus_millis = milvus_millis + excluded.milvus_millis`,
      )
      .run(tenant, operation, same, different, failed, fellBack, weaviateMillis, milvusMillis),
  );
}

export function listComparisons(
  state: StateFile,
  tenant: string,
): Promise<(Comparison & { readonly operation: string })[]> {
  return state.read((db) =>
    db
      .prepare("select * from vector_comparisons where tenant = ? order by operation")
      .all(tenant)
      .map((row) => ({
        operation: row["operation"] as string,
        same: row["same"] as number,
        different: row["different"] as number,
        failed: row["failed"] as number,
        fellBack: row["fell_back"] as number,
        weaviateMillis: row["weaviate_millis"] as number,
        milvusMillis: row["milvus_millis"] as number,
      })),
  );
}
