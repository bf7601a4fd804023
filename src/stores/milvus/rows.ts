import type { RowData } from "@zilliz/milvus2-sdk-node";
import type { Milvus } from "./client.ts";
import { all, list } from "./filters.ts";

export type Row = Record<string, unknown>;

/** Milvus takes 64 MB a request, and a time in which others wait: so much less. */
export const mostRows = 500;
export const mostBytes = 8 * 1024 * 1024;
/** Beyond offset + limit = 16,384 Milvus refuses a page. */
export const mostInPage = 16_384;
/** Own writes are seen. */
const strong = 0;

/** Rows of one collection. Every filter is the caller's, and names the tenant. */
export class MilvusRows {
  private readonly milvus: Milvus;
  readonly collection: string;
  private readonly keys: { readonly primary: string; readonly partition: string };

  constructor(milvus: Milvus, collection: string, keys: { readonly primary: string; readonly partition: string }) {
    this.milvus = milvus;
    this.collection = collection;
    this.keys = keys;
  }

  /**
   * Afterwards these are the rows of their keys. All have the same partition key, whose filter is `tenant`. At most
   * `mostRows`, each key once.
   */
  async replace(rows: readonly Row[], tenant: string): Promise<void> {
    const { upserts } = await this.milvus.dialect();
    const what = `write ${rows.length} rows`;
    const request = { collection_name: this.collection, data: rows as RowData[] };
    if (upserts) {
      await this.milvus.call(what, (client) => client.upsert(request));
      return;
    }
    await this.delete(
      all(`${this.keys.primary} in ${list(rows.map((row) => row[this.keys.primary] as string))}`, tenant),
    );
    await this.milvus.call(what, (client) => client.insert(request));
  }

  async delete(filter: string): Promise<void> {
    await this.milvus.call("delete rows", (client) => client.delete({ collection_name: this.collection, filter }));
  }

  async query(
    filter: string,
    output_fields: string[],
    page: { readonly limit?: number; readonly offset?: number } = {},
  ): Promise<Row[]> {
    const { data } = await this.milvus.call("query rows", (client) =>
      client.query({ collection_name: this.collection, filter, output_fields, consistency_level: strong, ...page }),
    );
    return data;
  }

  async count(filter: string): Promise<number> {
    const [row] = await this.query(filter, ["count(*)"]);
    return Number(row?.["count(*)"] ?? 0);
  }

  /** The rows nearest to the vector, nearest first, whose cosine is above `radius`; each with its `score`. */
  async nearest(
    vector: readonly number[],
    { filter, radius, limit, fields }: { filter: string; radius: number; limit: number; fields: string[] },
  ): Promise<Row[]> {
    const { results } = await this.milvus.call("search vectors", (client) =>
      client.search({
        collection_name: this.collection,
        data: [...vector],
        filter,
        limit,
        output_fields: fields,
        consistency_level: strong,
        metric_type: "COSINE",
        params: { radius, range_filter: 1.0 },
      }),
    );
    return results;
  }
}
