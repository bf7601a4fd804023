import type { estypes } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import type { BulkBody } from "../bulk/bulk-body.ts";
import { isSharedIndex, partName, splitPartName } from "./index-names.ts";

type Query = estypes.QueryDslQueryContainer;

/**
 * Where the documents of one partition are: an index, or a tenant's part of an index that tenants share. Whatever reads,
 * writes, counts or deletes documents takes index, routing, ids and query from here, so that nothing reaches another
 * tenant's part. The name of a part is no name of an index: used as one, Elasticsearch refuses it.
 */
export interface Place {
  readonly name: string;
  /** The index as Elasticsearch knows it. */
  readonly index: string;
  /** Whose part of a shared index it is; undefined where the index is the place. */
  readonly tenantId: string | undefined;
}

/** Of a name that indexName made. Throws for a shared index without a tenant. */
export function placeOf(name: string): Place {
  const part = splitPartName(name);
  if (part !== undefined) return { name, ...part };
  if (isSharedIndex(name)) throw new TypeError(`${name} names no tenant.`);
  return { name, index: name, tenantId: undefined };
}

/** Where requests for documents of the place go; nothing in an index of its own. */
export function routingOf({ tenantId }: Place): { routing?: string } {
  return tenantId === undefined ? {} : { routing: tenantId };
}

/** Path of a request for documents of the place, with its routing. */
export function pathOf(place: Place, endpoint: string, parameters: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({ ...parameters, ...routingOf(place) }).toString();
  return `/${encodeURIComponent(place.index)}/${endpoint}${query === "" ? "" : `?${query}`}`;
}

/** `query`, of the place's documents alone; undefined stands for all of them. */
export function queryOf(place: Place, query: Query): Query;
export function queryOf(place: Place, query?: Query): Query | undefined;
export function queryOf({ tenantId }: Place, query?: Query): Query | undefined {
  if (tenantId === undefined) return query;
  return { bool: { filter: ofTenants([tenantId]), ...(query !== undefined && { must: query }) } };
}

/** Documents that were written into the parts of these tenants, and are theirs. */
export function ofTenants(tenantIds: readonly string[]): Query[] {
  return [{ terms: { _routing: [...tenantIds] } }, { terms: { tenant_id: [...tenantIds] } }];
}

/** The `_id` of the place's document with this id: tenants that share an index may have documents of one id. */
export function documentId({ tenantId }: Place, id: string): string {
  return tenantId === undefined ? id : `${tenantId}:${id}`;
}

/** The id of a document by its `_id`. */
export function idOf(place: Place, documentIdFound: string): string {
  const start = documentId(place, "");
  if (documentIdFound.startsWith(start)) return documentIdFound.slice(start.length);
  throw new AppError("document_foreign", `${place.name} has a document that was not written by this program.`, {
    hint: `Look at the document ${documentIdFound} in ${place.index}. Nothing was changed.`,
  });
}

/** The place and the id of a document that was found in an index. */
export function foundIn(index: string, found: string): { readonly name: string; readonly id: string } {
  if (!isSharedIndex(index)) return { name: index, id: found };
  const end = found.indexOf(":");
  return { name: partName(index, found.slice(0, end)), id: found.slice(end + 1) };
}

/** What tells the place from one that takes its name later: the uuid of its index, and whose part of it. */
export function identityOf({ tenantId }: Place, uuid: string): string {
  return tenantId === undefined ? uuid : `${uuid}/${tenantId}`;
}

/** The uuid of the index that a place of this identity is, or is a part of. */
export function indexUuidOf(identity: string): string {
  return identity.split("/")[0]!;
}

const action = Buffer.from('{"index":{"_id":"');

/** Records of a body, by their positions, as the lines of a bulk request into the place. */
export function linesFor(place: Place, body: BulkBody, positions?: readonly number[]): Buffer {
  const isWhole = positions === undefined || positions.length === body.records;
  if (place.tenantId === undefined)
    return isWhole ? body.bytes() : Buffer.concat(positions.map((at) => body.record(at)));
  const start = Buffer.from(`${action.toString()}${documentId(place, "")}`);
  const chosen = isWhole ? Array.from({ length: body.records }, (_, at) => at) : positions;
  return Buffer.concat(
    chosen.flatMap((at) => {
      const lines = body.record(at);
      if (action.compare(lines, 0, action.length) !== 0) throw new TypeError("A record begins with another action.");
      return [start, lines.subarray(action.length)];
    }),
  );
}
