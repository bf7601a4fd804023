import type { Client } from "@elastic/elasticsearch";
import type { BulkBody } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import type { BulkReceipt, BulkWriter } from "../../stores/elasticsearch/bulk/bulk-writer.ts";
import { indexName } from "../../stores/elasticsearch/indices/index-names.ts";
import { countDocuments, ensureIndex, findIndex, refreshIndex } from "../../stores/elasticsearch/indices/indices.ts";
import { existingIds } from "../../stores/elasticsearch/documents/documents.ts";
import { readSources } from "../../stores/elasticsearch/documents/mget-sources.ts";
import { mappingOf } from "../../stores/elasticsearch/indices/template-files.ts";
import { logTypes, type Partition } from "../partitions/log-types.ts";

/** The documents of one partition: exactly one index, which only this class names. */
export class ElasticsearchLogs {
  readonly index: string;
  private readonly resource: string;
  private readonly client: Client;
  private readonly writer: BulkWriter;

  constructor(client: Client, writer: BulkWriter, prefix: string, partition: Partition) {
    const { resource } = logTypes[partition.dataType];
    this.index = indexName({ prefix, resource, tenantId: partition.tenantId, month: partition.month });
    this.resource = resource;
    this.client = client;
    this.writer = writer;
  }

  /** Afterwards the index exists and is ours; its uuid is its identity. */
  ensure(): Promise<{ uuid: string; created: boolean }> {
    return ensureIndex(this.client, this.index, mappingOf(this.resource));
  }

  /** The index, if there is one that can be read, though it may take no documents. */
  find(): Promise<{ uuid: string } | undefined> {
    return findIndex(this.client, this.index);
  }

  write(body: BulkBody, signal: AbortSignal): Promise<BulkReceipt> {
    return this.writer.write(this.index, body, signal);
  }

  /** Which of the ids have a document, also one written just now. */
  existing(ids: readonly string[]): Promise<Set<string>> {
    return existingIds(this.client, this.index, ids);
  }

  /** The `_source` of each id that has a document, as the bytes that were sent; the caller chooses ids by their size. */
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
