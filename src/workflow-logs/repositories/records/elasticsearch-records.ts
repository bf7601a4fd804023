import type { Client, estypes } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { deleteDocuments } from "../../../stores/elasticsearch/documents/delete-documents.ts";
import { existingIds } from "../../../stores/elasticsearch/documents/documents.ts";
import { type FoundDocument, getDocuments } from "../../../stores/elasticsearch/documents/get-documents.ts";
import { indexName, isTenantId } from "../../../stores/elasticsearch/indices/index-names.ts";
import { ensureIndex, refreshIndex } from "../../../stores/elasticsearch/indices/indices.ts";
import { openIndices, type OpenIndex } from "../../../stores/elasticsearch/indices/open-indices.ts";
import { mappingOf } from "../../../stores/elasticsearch/indices/template-files.ts";
import { putDocument } from "../../../stores/elasticsearch/documents/put-document.ts";
import { search, type SearchAnswer } from "../../../stores/elasticsearch/documents/search.ts";
import type { Connections } from "../../connections.ts";
import { type DocumentOrder, type DocumentQuery, orderedDocuments } from "./ordered-documents.ts";
import type { Part, Partly } from "./part-of-logs.ts";
import { recordOfDocument } from "./read-record.ts";
import type { LogRecord, RecordKind } from "./record-kind.ts";
import { isDocumentId, refuseOtherTenant, validateWritten } from "./refused-records.ts";
import { RecordRenderer } from "./render-record.ts";
import { inSaveTime } from "../../save-time.ts";

// src/workflow-logs/repositories/records is what the repositories of all data types are made of: a record by its
// kind, in either store. It knows no single type.

export type Filter = estypes.QueryDslQueryContainer;

/** Documents of one request: a page of them has to fit into memory as text. */
const documentsPerRequest = 500;

/** Elasticsearch takes 65,536 terms in one. */
const idsPerClause = 50_000;

/** How often a save tries again because another writer changed the document between its reading and writing. */
const saveAttempts = 5;

/** Members of `archive`, as JSON, of a record that is new or takes the place of a document. */
export type ArchiveMembers<T extends LogRecord> = (
  record: T,
  replaced: Readonly<Record<string, unknown>> | undefined,
) => Promise<Readonly<Record<string, string>>>;

/**
 * What a record becomes that is saved where there is one already. created_at never changes: the month would be another.
 */
type Merge<T extends LogRecord> = (record: T, existing: T) => T;

/**
 * The records of one type of log in their tenants' indices. A tenant id that no index can be named after has no
 * records, and never reaches Elasticsearch. Searches see what was there at the last refresh; reads by id see
 * everything.
 */
export class ElasticsearchRecords<T extends LogRecord> {
  readonly client: Client;
  readonly kind: RecordKind<T>;
  private readonly archive: Connections["archive"];
  private readonly prefix: string;
  private readonly settings: Connections["settings"];
  private readonly part: Part;
  private readonly renderer: RecordRenderer<T>;
  private readonly archiveMembers: ArchiveMembers<T>;

  constructor(
    {
      elasticsearch,
      settings,
      archive,
      part = {},
    }: Pick<Connections, "elasticsearch" | "settings" | "archive"> & Partly,
    kind: RecordKind<T>,
    archiveMembers: ArchiveMembers<T> = () => Promise.resolve({}),
  ) {
    this.client = elasticsearch;
    this.kind = kind;
    this.archive = archive;
    this.prefix = settings.template.prefix;
    this.settings = settings;
    this.part = part;
    this.renderer = new RecordRenderer(kind, settings);
    this.archiveMembers = archiveMembers;
  }

  /** The tenant's indices, oldest month first. */
  async indices(tenantId: string): Promise<string[]> {
    if (!isTenantId(tenantId)) return [];
    const indices = await openIndices(this.client, this.archive, this.prefix, this.kind.logType.resource, tenantId);
    return this.inPart(indices).map(({ name }) => name);
  }

  /** The indices of all tenants, for the few reads that are not one tenant's. */
  async allIndices(): Promise<OpenIndex[]> {
    return this.inPart(await openIndices(this.client, this.archive, this.prefix, this.kind.logType.resource));
  }

  private inPart(indices: readonly OpenIndex[]): OpenIndex[] {
    const { months } = this.part;
    return indices.filter(({ month }) => months?.includes(month) ?? true);
  }

  /** What else holds for documents of the part. */
  get partFilters(): Filter[] {
    const { withoutIds = [] } = this.part;
    const clauses: Filter[] = [];
    for (let at = 0; at < withoutIds.length; at += idsPerClause)
      clauses.push({ terms: { id: withoutIds.slice(at, at + idsPerClause) } });
    return clauses.length === 0 ? [] : [{ bool: { must_not: clauses } }];
  }

  /** What to search in for a tenant's documents: its indices by their names, and its id once more as a condition. */
  async query(tenantId: string, filters: readonly Filter[]): Promise<DocumentQuery> {
    const ofPart = [{ term: { tenant_id: tenantId } }, ...this.partFilters];
    return { indices: await this.indices(tenantId), filters: [...ofPart, ...filters] };
  }

  async get(tenantId: string, id: string): Promise<T | undefined> {
    const source = await this.getSource(await this.indices(tenantId), tenantId, id);
    return source && recordOfDocument(this.kind, source);
  }

  /** The whole document, with what `archive` says. */
  async getSource(
    indices: readonly string[],
    tenantId: string,
    id: string,
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    const found = await this.getFrom(indices, id);
    return found.find(({ source }) => source["tenant_id"] === tenantId)?.source;
  }

  async getOfAnyTenant(id: string): Promise<T | undefined> {
    const tenants = new Map((await this.allIndices()).map(({ name, tenantId }) => [name, tenantId]));
    const found = await this.getFrom([...tenants.keys()], id);
    const own = found.find(({ index, source }) => source["tenant_id"] === tenants.get(index));
    return own && recordOfDocument(this.kind, own.source);
  }

  /** Documents that somebody else put there may say another id than they have. */
  private async getFrom(indices: readonly string[], id: string): Promise<FoundDocument[]> {
    if (!isDocumentId(id)) return [];
    return (await getDocuments(this.client, indices, id)).filter(({ source }) => source["id"] === id);
  }

  /** The first `limit` records in the order. */
  async list(
    query: DocumentQuery,
    order: Pick<DocumentOrder, "direction" | "after" | "from" | "to">,
    limit: number,
  ): Promise<T[]> {
    const records: T[] = [];
    const pageSize = Math.min(limit, documentsPerRequest);
    for await (const page of orderedDocuments(this.client, query, { ...order, pageSize, source: true })) {
      records.push(...page.map(({ source }) => recordOfDocument(this.kind, source)));
      if (records.length >= limit) break;
    }
    return records.slice(0, limit);
  }

  /** The ids of the tenant's documents. */
  async ids(tenantId: string): Promise<string[]> {
    const ids: string[] = [];
    const order = { direction: "asc", pageSize: 10_000, source: false } as const;
    for await (const page of orderedDocuments(this.client, await this.query(tenantId, []), order))
      ids.push(...page.map(({ id }) => id));
    return ids;
  }

  search(
    { indices, filters }: DocumentQuery,
    body: Omit<estypes.SearchRequest, "index" | "pit" | "query">,
  ): Promise<SearchAnswer> {
    return search(this.client, { indices, query: { bool: { filter: [...filters] } }, ...body });
  }

  /** Everything written to the tenant's indices is seen by searches afterwards. */
  async refresh(tenantId: string): Promise<void> {
    for (const index of await this.indices(tenantId)) await refreshIndex(this.client, index);
  }

  /**
   * Afterwards the record's document says what the record says, but for created_at, which keeps what it was. Throws
   * AppError when the id is another tenant's, when no index can be named after the tenant (UsageError), created_at has
   * no month, or the time for a save is over.
   */
  async save(record: T, merge: Merge<T> = (given) => given): Promise<void> {
    validateWritten(record);
    await inSaveTime(this.settings, record.id, () => this.saveInTurns(record, merge));
  }

  private async saveInTurns(record: T, merge: Merge<T>): Promise<void> {
    for (let attempt = 0; attempt < saveAttempts; attempt++) if (await this.trySave(record, merge)) return;
    throw new AppError(
      "save_conflict",
      `${record.id} was changed by others ${saveAttempts} times while it was saved.`,
      {
        hint: "Save it again.",
      },
    );
  }

  private async trySave(record: T, merge: Merge<T>): Promise<boolean> {
    await this.archive.claimForWrites(this.client);
    const home = this.homeOf(record);
    const existing = await this.findVersion(record, home);
    if (existing === undefined) {
      await this.ensure(record, home);
      const source = this.renderer.render(record, undefined, await this.archiveMembers(record, undefined));
      return putDocument(this.client, { index: home, id: record.id, source });
    }
    if (existing.index === home) await this.ensure(record, home); // it was found by its name alone
    const before = recordOfDocument(this.kind, existing.source);
    if (before.tenantId !== record.tenantId) throw refuseOtherTenant(record);
    const after = { ...merge(record, before), createdAt: before.createdAt };
    const members = await this.archiveMembers(after, existing.source);
    const source = this.renderer.render(after, existing.source, members);
    return putDocument(this.client, { index: existing.index, id: record.id, source }, existing.version);
  }

  /**
   * The document to be replaced: mostly in the place of its month; else in any other of the tenant, or of another. Of
   * others' parts of shared indices those are known that searches see.
   */
  private async findVersion({ id, tenantId }: T, home: string): Promise<FoundDocument | undefined> {
    const looked = new Set([home]);
    const [there] = await getDocuments(this.client, [home], id);
    if (there !== undefined || this.settings.template.layout !== "shared") {
      return there ?? this.findIn(await this.allIndices(), looked, id);
    }
    const own = await openIndices(this.client, this.archive, this.prefix, this.kind.logType.resource, tenantId);
    return (await this.findIn(this.inPart(own), looked, id)) ?? this.findIn(await this.allIndices(), looked, id);
  }

  private async findIn(
    places: readonly OpenIndex[],
    looked: Set<string>,
    id: string,
  ): Promise<FoundDocument | undefined> {
    const names = places.map(({ name }) => name).filter((name) => !looked.has(name));
    for (const name of names) looked.add(name);
    return (await getDocuments(this.client, names, id))[0];
  }

  private async ensure({ tenantId, createdAt }: T, name: string): Promise<void> {
    const { resource } = this.kind.logType;
    const month = createdAt.slice(0, "YYYY-MM".length);
    await ensureIndex(this.client, this.archive, { name, resource, tenantId, month }, mappingOf(resource));
  }

  /** The index of the record's month. */
  private homeOf({ tenantId, createdAt }: T): string {
    const month = createdAt.slice(0, "YYYY-MM".length);
    return indexName({ ...this.settings.template, resource: this.kind.logType.resource, tenantId, month });
  }

  /**
   * Afterwards the tenant has no document with any of these ids; how many there were. Documents of others are not
   * touched.
   */
  async delete(tenantId: string, ids: readonly string[]): Promise<number> {
    const wanted = ids.filter(isDocumentId);
    let deleted = 0;
    if (wanted.length === 0) return deleted;
    await this.archive.claimForWrites(this.client);
    for (const index of await this.indices(tenantId)) {
      const there = await existingIds(this.client, index, wanted);
      deleted += (await deleteDocuments(this.client, index, [...there])).deleted.length;
    }
    return deleted;
  }

  /** Afterwards none of the tenant's documents that the filters hold for is there; how many there were. */
  async deleteWhere(tenantId: string, filters: readonly Filter[], batchSize: number): Promise<number> {
    await this.archive.claimForWrites(this.client);
    await this.refresh(tenantId); // a search would not see what was saved last
    const query = await this.query(tenantId, filters);
    let deleted = 0;
    for await (const page of orderedDocuments(this.client, query, {
      direction: "asc",
      pageSize: batchSize,
      source: false,
    })) {
      for (const [index, documents] of Map.groupBy(page, (document) => document.index)) {
        const ids = documents.map(({ id }) => id);
        deleted += (await deleteDocuments(this.client, index, ids)).deleted.length;
      }
    }
    return deleted;
  }
}
