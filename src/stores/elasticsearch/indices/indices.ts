import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { describeElasticsearchError, described, errorType } from "../errors.ts";
import type { IndexAddress } from "./index-names.ts";
import { identityOf, placeOf, queryOf, routingOf } from "./place.ts";
import { type IndexOwner, ownerOf } from "./ownership.ts";
import { sealOf, unsealIndex } from "./seal.ts";
import { isMark, isTemplateMeta, type Mark, markOf, type TemplateMapping } from "./template-files.ts";

/** A place by what it is for and its name. What is said of its index is said of the whole index where tenants share it. */
export interface NamedIndex extends IndexAddress {
  readonly name: string;
}

export interface EnsuredIndex {
  /** Its identity: see identityOf. */
  uuid: string;
  created: boolean;
}

/** An index as it was a moment ago; without facts where there was none. */
export interface SeenIndex {
  readonly facts: IndexFacts | undefined;
}

export async function seeIndex(client: Client, name: string): Promise<SeenIndex> {
  return { facts: await readIndex(client, placeOf(name).index) };
}

/**
 * Afterwards the index exists, belongs to this archive, was made from our template, and takes documents; one with an
 * older mapping than `mapping` has its fields too. Several callers may race for it; one that has just seen the index
 * (`seen`) spares the question. A flood-stage block is not refused: it goes away by itself, and the bulks that meet it
 * wait.
 */
export async function ensureIndex(
  client: Client,
  owner: IndexOwner,
  named: NamedIndex,
  mapping: TemplateMapping,
  seen?: SeenIndex,
): Promise<EnsuredIndex> {
  const { index: name } = placeOf(named.name);
  const existing = (seen ?? (await seeIndex(client, named.name))).facts;
  if (existing !== undefined) {
    const uuid = await usable(client, owner, named, existing);
    await addNewFields(client, name, existing, mapping);
    return { uuid, created: false };
  }

  const { archiveId } = await owner.ownership();
  if (archiveId === undefined) {
    throw new AppError("archive_missing", `The index ${name} would belong to no archive.`, {
      hint: "Run app db upgrade: an index says which archive it belongs to.",
    });
  }
  await refuseForeignTemplate(client, name);
  const created = await createIndex(client, named.name, markOf(archiveId, mapping));
  const index = await readIndex(client, name);
  if (index === undefined) {
    throw new AppError("index_vanished", `The index ${name} was deleted while it was being made.`, {
      hint: "Run the command again when nothing else deletes indices.",
    });
  }
  return { uuid: await usable(client, owner, named, index), created };
}

/**
 * The index, if there is one and it can be read, though it may take no documents. Throws AppError when it is not this
 * archive's, or closed.
 */
export async function findIndex(
  client: Client,
  owner: IndexOwner,
  named: NamedIndex,
  seen?: SeenIndex,
): Promise<{ uuid: string } | undefined> {
  const index = (seen ?? (await seeIndex(client, named.name))).facts;
  return index && { uuid: await readable(owner, named, index) };
}

/** Afterwards every document is seen by searches and counts. A missing index has none. */
export async function refreshIndex(client: Client, name: string): Promise<void> {
  const response = await unlessMissing(client.indices.refresh({ index: placeOf(name).index }));
  refuseFailedShards(name, response?._shards);
}

/** What searches see of the place; 0 when it is missing. Never a part: a failed shard is an error. */
export async function countDocuments(client: Client, name: string): Promise<number> {
  const place = placeOf(name);
  const query = queryOf(place);
  const request = { index: place.index, ...routingOf(place), ...(query !== undefined && { query }) };
  const response = await unlessMissing(client.count(request));
  refuseFailedShards(name, response?._shards);
  return response?.count ?? 0;
}

export interface IndexFacts {
  readonly settings: Record<string, unknown>;
  readonly meta: unknown;
}

async function readIndex(client: Client, name: string): Promise<IndexFacts | undefined> {
  const response = await unlessMissing(
    client.indices.get({
      index: name,
      flat_settings: true,
      filter_path: ["*.settings", "*.mappings._meta"],
    }),
  );
  if (response === undefined) return undefined;
  const index = response[name];
  if (index === undefined) {
    // A bulk to this name would write into the alias's index.
    const behind = Object.keys(response).join(", ");
    throw new AppError("index_alias", `${name} is an alias or data stream of ${behind}, not an index of log-archive.`, {
      hint:
        `Never remove ${name} or ${behind} before its documents were looked at: after a shrink or clone they may be the only copy. Clone ${behind} to ` +
        `${name} when the alias is gone (POST ${behind}/_clone/${name}), or choose another ELASTICSEARCH_INDEX_PREFIX.`,
    });
  }
  return { settings: index.settings ?? {}, meta: index.mappings?._meta };
}

/** The identity of a place whose index is this archive's and open. */
async function readable(
  owner: IndexOwner,
  { name: placeName, ...address }: NamedIndex,
  { settings, meta }: IndexFacts,
): Promise<string> {
  const place = placeOf(placeName);
  const name = place.index;
  const uuid = String(settings["index.uuid"]);
  const whose = ownerOf({ ...address, uuid, meta }, await owner.ownership());
  if (whose === "another") {
    throw new AppError("index_of_another_archive", `The index ${name} belongs to another archive.`, {
      hint: "app elasticsearch status says which. Choose another ELASTICSEARCH_INDEX_PREFIX, or take it over: app elasticsearch takeover.",
    });
  }
  if (whose === "nobody" && isMark(meta)) {
    throw new AppError("index_foreign", `The index ${name} has no mark of this archive, which does not know it.`, {
      hint: `If it is yours: app elasticsearch takeover --index ${name}. Else rename or delete it.`,
    });
  }
  if (whose === "nobody") {
    throw new AppError("index_foreign", `The index ${name} was not made by log-archive.`, {
      hint: "Rename or delete it, or choose another ELASTICSEARCH_INDEX_PREFIX.",
    });
  }
  if (isOn(settings["index.verified_before_close"])) {
    throw new AppError("index_closed", `The index ${name} is closed.`, { hint: "Open it and run the command again." });
  }
  return identityOf(place, uuid);
}

/** The identity of a place whose index is this archive's, open and writable; a seal of this program is lifted. */
async function usable(client: Client, owner: IndexOwner, named: NamedIndex, index: IndexFacts): Promise<string> {
  const { index: name } = placeOf(named.name);
  const uuid = await readable(owner, named, index);
  const isUnsealed = sealOf(index.meta, true) !== undefined && (await unsealIndex(client, name));
  const blocks = isUnsealed ? ["index.blocks.read_only"] : ["index.blocks.write", "index.blocks.read_only"];
  const block = blocks.find((setting) => isOn(index.settings[setting]));
  if (block !== undefined) {
    throw new AppError("index_blocked", `The index ${name} takes no documents: ${block} is set.`, {
      hint: `Set ${block} to false and run the command again.`,
    });
  }
  return uuid;
}

/**
 * Fields are only ever added from one version to the next. Documents written before have them only when they are
 * written again.
 */
async function addNewFields(
  client: Client,
  name: string,
  { meta }: IndexFacts,
  mapping: TemplateMapping,
): Promise<void> {
  if (!isMark(meta) || meta.template_version >= mapping._meta.template_version) return;
  const { sealed: _, ...unsealed } = meta; // whoever is here writes
  const mark = { ...unsealed, template_version: mapping._meta.template_version };
  await described(client.indices.putMapping({ index: name, ...mapping, _meta: mark }));
}

/** An index made without our mapping would take documents and find none of them. */
async function refuseForeignTemplate(client: Client, name: string): Promise<void> {
  // Without any matching template the answer is empty, whatever its type says.
  const simulated: { template?: { mappings?: { _meta?: unknown } } } = await described(
    client.indices.simulateIndexTemplate({ name }),
  );
  if (isTemplateMeta(simulated.template?.mappings?._meta)) return;
  throw new AppError("template_missing", `The index ${name} would be made without the template of log-archive.`, {
    hint: "Run the command again: it puts its templates back.",
  });
}

async function createIndex(client: Client, placeName: string, mark: Mark): Promise<boolean> {
  const { index: name, tenantId } = placeOf(placeName);
  // in an index that tenants share no request for a document may go without its tenant
  const mappings = { _meta: { ...mark }, ...(tenantId !== undefined && { _routing: { required: true } }) };
  try {
    // Well below the client's own default timeout of 30 s, so that the server's answer arrives.
    const response = await client.indices.create({ index: name, mappings, timeout: "10s" });
    if (response.shards_acknowledged) return true;
  } catch (error) {
    if (errorType(error) === "resource_already_exists_exception") return false;
    throw describeElasticsearchError(error);
  }
  throw new AppError("index_not_ready", `The index ${name} was made, but no node could start its shards within 10 s.`, {
    hint: "Look at the free disk space of the data nodes and at the cluster's health, then run the command again.",
  });
}

async function unlessMissing<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (errorType(error) === "index_not_found_exception") return undefined;
    throw describeElasticsearchError(error);
  }
}

function refuseFailedShards(name: string, shards: { failed: number; total: number } | undefined): void {
  if (shards === undefined || shards.failed === 0) return;
  throw new AppError("index_not_ready", `${shards.failed} of ${shards.total} shards of the index ${name} failed.`, {
    hint: "Look at the cluster's health and run the command again.",
  });
}

function isOn(setting: unknown): boolean {
  return setting === "true" || setting === true;
}

/** When the index was made first, in milliseconds since 1970; undefined where there is none. */
export async function createdMillis(client: Client, name: string): Promise<number | undefined> {
  const answer = await described(
    client.indices.getSettings({
      index: placeOf(name).index,
      name: "index.creation_date",
      ignore_unavailable: true,
    }),
  );
  const [found] = Object.values(answer);
  const created = Number(found?.settings?.index?.creation_date);
  return Number.isFinite(created) ? created : undefined;
}
