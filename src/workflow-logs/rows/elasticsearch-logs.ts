import type { Client } from "@elastic/elasticsearch";
import type { BulkBody } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import type { BulkReceipt, BulkWriter } from "../../stores/elasticsearch/bulk/bulk-writer.ts";
import { indexName, type Naming } from "../../stores/elasticsearch/indices/index-names.ts";
import {
  countDocuments,
  ensureIndex,
  findIndex,
  type NamedIndex,
  refreshIndex,
  seeIndex,
  type SeenIndex,
} from "../../stores/elasticsearch/indices/indices.ts";
import { existingIds } from "../../stores/elasticsearch/documents/documents.ts";
import { readSources } from "../../stores/elasticsearch/documents/mget-sources.ts";
import type { IndexOwner } from "../../stores/elasticsearch/indices/ownership.ts";
import { mappingOf } from "../../stores/elasticsearch/indices/template-files.ts";
import { logTypes, type Partition } from "../partitions/log-types.ts";

/** The documents of one partition: exactly one place, which only this class names. */
export class ElasticsearchLogs {
  readonly index: string;
  private readonly resource: string;
  private readonly client: Client;
  private readonly owner: IndexOwner;
  private readonly partition: Partition;
  private readonly writer: BulkWriter;
  /** That `find` saw no index, for the `ensure` that comes next. */
  private missing: SeenIndex | undefined;

  constructor(client: Client, owner: IndexOwner, writer: BulkWriter, naming: Naming, partition: Partition) {
    const { resource } = logTypes[partition.dataType];
    this.index = indexName({ ...naming, ...partition, resource });
    this.resource = resource;
    this.client = client;
    this.owner = owner;
    this.partition = partition;
    this.writer = writer;
  }

  /** Afterwards the index exists and is this archive's; its uuid is its identity. */
  ensure(): Promise<{ uuid: string; created: boolean }> {
    const seen = this.missing;
    this.missing = undefined;
    return ensureIndex(this.client, this.owner, this.named, mappingOf(this.resource), seen);
  }

  /**
   * The index, if there is one that can be read, though it may take no documents. Throws AppError when it is not this
   * archive's, or closed.
   */
  async find(): Promise<{ uuid: string } | undefined> {
    const seen = await seeIndex(this.client, this.index);
    this.missing = seen.facts === undefined ? seen : undefined;
    return findIndex(this.client, this.owner, this.named, seen);
  }

  private get named(): NamedIndex {
    return { ...this.partition, resource: this.resource, name: this.index };
  }

  write(body: BulkBody, signal: AbortSignal): Promise<BulkReceipt> {
    return this.writer.write(this.index, body, signal);
  }

  /** Which of the ids have a document, also one written just now. */
  existing(ids: readonly string[]): Promise<Set<string>> {
    return existingIds(this.client, this.index, ids);
  }

  /**
   * The `_source` of each id that has a document, as the bytes that were sent; the caller chooses ids by their size.
   */
  read(ids: readonly string[]): Promise<Map<string, Buffer>> {
    return readSources(this.client, this.index, ids);
  }

  /** Makes everything written visible to searches and counts. */
  refresh(): Promise<void> {
    return refreshIndex(this.client, this.index);
  }

  count(): Promise<number> {
    return countDocuments(this.client, this.index);
  }
}
