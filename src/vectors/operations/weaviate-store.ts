import { AppError } from "../../engine/errors.ts";
import type { Refusal } from "../../engine/ports.ts";
import { isFilterWithoutWords, type Weaviate } from "../../stores/weaviate/client.ts";
import { emptyTenant } from "../../stores/weaviate/collection.ts";
import {
  type Condition,
  mostResults,
  pageSize,
  type WeaviateObject,
  WeaviateObjects,
  type Where,
} from "../../stores/weaviate/objects.ts";
import { type Field, fields, isFieldName } from "../records/fields.ts";
import { weaviateId } from "../records/ids.ts";
import type { GeneralWeaviateRecord } from "../records/records.ts";
import { type Filter, hasKeyword, matches, type RecordStore, type Scored } from "./record-store.ts";
import { objectOf, recordOfObject } from "./weaviate-objects.ts";

const idsInPage = 1000;

/** The records of tenants in Weaviate, each tenant in a shard of its own. */
export class WeaviateStore implements RecordStore {
  readonly name = "Weaviate";
  readonly objects: WeaviateObjects;
  private readonly weaviate: Weaviate;

  constructor(weaviate: Weaviate, collection: string) {
    this.weaviate = weaviate;
    this.objects = new WeaviateObjects(weaviate, collection);
  }

  async put(tenant: string, records: readonly GeneralWeaviateRecord[]): Promise<Refusal[]> {
    const refused: Refusal[] = [];
    const fit: { uniqueid: string; object: WeaviateObject }[] = [];
    for (const record of records) {
      try {
        fit.push({ uniqueid: record.uniqueid, object: objectOf(record) });
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        refused.push({ id: record.uniqueid, type: error.code, reason: error.message });
      }
    }
    for (let at = 0; at < fit.length; at += pageSize) {
      const some = fit.slice(at, at + pageSize);
      const errors = new Map(
        (
          await this.objects.replace(
            tenant,
            some.map(({ object }) => object),
          )
        ).map(({ id, reason }) => [id, reason]),
      );
      for (const { uniqueid, object } of some) {
        const reason = errors.get(object.id);
        if (reason !== undefined) refused.push({ id: uniqueid, type: "weaviate_refused_record", reason });
      }
    }
    return refused;
  }

  async get(tenant: string, ids: readonly string[]): Promise<GeneralWeaviateRecord[]> {
    const found = new Map((await this.objects.byIds(tenant, ids.map(weaviateId))).map((object) => [object.id, object]));
    return ids.flatMap((id) => {
      const object = found.get(weaviateId(id));
      return object === undefined ? [] : [recordOfObject(object)];
    });
  }

  async remove(tenant: string, ids: readonly string[]): Promise<void> {
    await this.objects.deleteByIds(tenant, ids.map(weaviateId));
  }

  async removeAll(tenant: string): Promise<void> {
    await emptyTenant(this.weaviate, this.objects.collection, tenant);
  }

  count(tenant: string): Promise<number> {
    return this.objects.count(tenant);
  }

  async nearest(tenant: string, vector: readonly number[], limit: number, similarity: number): Promise<Scored[]> {
    const found = await this.objects.nearest(tenant, vector, { limit, distance: 2 * (1 - similarity) });
    const scored = found.map((object) => ({ record: recordOfObject(object), score: 1 - object.distance / 2 }));
    return scored.filter(({ score }) => score > similarity);
  }

  /** Words of the keyword narrow the search down; a keyword without any is looked for in every record. */
  withKeyword(tenant: string, keyword: string, limit: number): Promise<GeneralWeaviateRecord[]> {
    const isWanted = (record: GeneralWeaviateRecord): boolean => hasKeyword(record, keyword);
    if (!hasWord(keyword)) return this.scan(tenant, isWanted, limit);
    const value = `*${keyword.replace(/[*?]/g, " ")}*`; // Like knows no escape
    const conditions = ["title", "content"].map((property) => ({ property, operator: "like", value }) as const);
    return this.select(tenant, isWanted, limit, { operator: "or", conditions });
  }

  /**
   * Weaviate compares text by its words, so what it finds is looked at once more; a condition without a word narrows
   * nothing down.
   */
  matching(tenant: string, filter: Filter, limit: number): Promise<GeneralWeaviateRecord[]> {
    const isWanted = (record: GeneralWeaviateRecord): boolean => matches(record, filter);
    const conditions = Object.entries(filter).flatMap(([name, wanted]) => narrowing(name, wanted));
    if (conditions.length === 0) return this.scan(tenant, isWanted, limit);
    return this.select(tenant, isWanted, limit, { operator: "and", conditions });
  }

  mostRecent(tenant: string, limit: number): Promise<GeneralWeaviateRecord[]> {
    const sort = [
      { property: "lastModified", ascending: false },
      { property: "uniqueid", ascending: true },
    ];
    return this.recordsOf(this.objects.find(tenant, { limit, sort }));
  }

  changedSince(tenant: string, since: number, limit: number, offset: number): Promise<GeneralWeaviateRecord[]> {
    const sort = [
      { property: "lastModified", ascending: true },
      { property: "uniqueid", ascending: true },
    ];
    const conditions = [{ property: "lastModified", operator: "greaterOrEqual", value: Math.floor(since) }] as const;
    return this.recordsOf(this.objects.find(tenant, { limit, offset, sort, where: { operator: "and", conditions } }));
  }

  async *ids(tenant: string): AsyncGenerator<string[]> {
    for (let after: string | undefined; ;) {
      const page = await this.objects.page(tenant, after, idsInPage, false);
      if (page.length > 0) yield page.map((object) => recordOfObject(object).uniqueid);
      if (page.length < idsInPage) return;
      after = page.at(-1)!.id;
    }
  }

  async *records(tenant: string): AsyncGenerator<GeneralWeaviateRecord[]> {
    for (let after: string | undefined; ;) {
      const page = await this.objects.page(tenant, after);
      if (page.length > 0) yield page.map(recordOfObject);
      if (page.length < pageSize) return;
      after = page.at(-1)!.id;
    }
  }

  private async recordsOf(found: Promise<WeaviateObject[]>): Promise<GeneralWeaviateRecord[]> {
    return (await found).map(recordOfObject);
  }

  /** Of what the filter finds, as far as Weaviate tells; else of everything. */
  private async select(
    tenant: string,
    isWanted: (record: GeneralWeaviateRecord) => boolean,
    limit: number,
    where: Where,
  ): Promise<GeneralWeaviateRecord[]> {
    const found: GeneralWeaviateRecord[] = [];
    try {
      for (let offset = 0; offset < mostResults; offset += pageSize) {
        const page = (await this.objects.find(tenant, { limit: pageSize, offset, where })).map(recordOfObject);
        found.push(...page.filter(isWanted));
        if (page.length < pageSize || found.length >= limit) return found.slice(0, limit);
      }
    } catch (error) {
      if (!isFilterWithoutWords(error)) throw error;
    }
    return this.scan(tenant, isWanted, limit);
  }

  private async scan(
    tenant: string,
    isWanted: (record: GeneralWeaviateRecord) => boolean,
    limit: number,
  ): Promise<GeneralWeaviateRecord[]> {
    const found: GeneralWeaviateRecord[] = [];
    for (let after: string | undefined; ;) {
      const page = await this.objects.page(tenant, after);
      found.push(...page.map(recordOfObject).filter(isWanted));
      if (page.length < pageSize || found.length >= limit) return found.slice(0, limit);
      after = page.at(-1)!.id;
    }
  }
}

function hasWord(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

/** The condition for Weaviate's own filter; none where that would miss records. */
function narrowing(property: string, wanted: Filter[keyof Filter]): Condition[] {
  if (!isFieldName(property)) throw new AppError("unknown_field", `There is no field ${property}.`);
  const { kind, use }: Field = fields[property];
  if (use === undefined && kind !== "strings") return []; // it has no index
  if (kind === "int64") return typeof wanted === "number" ? [{ property, operator: "equal", value: wanted }] : [];
  const values = Array.isArray(wanted) ? (wanted as readonly unknown[]) : [wanted];
  const texts = values.filter((value): value is string => typeof value === "string" && hasWord(value));
  return texts.length === 0 || texts.length < values.length
    ? []
    : [{ property, operator: "containsAny", value: texts }];
}
