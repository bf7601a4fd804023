import type { Client } from "@elastic/elasticsearch";
import type { DocumentVersion } from "./document-versions.ts";
import type { BulkBody } from "../bulk/bulk-body.ts";
import { documentId, linesFor, type Place, placeOf, routingOf } from "../indices/place.ts";
import { described } from "../errors.ts";
import { blockedType, throughSeal } from "../indices/seal.ts";

export interface VersionedDocument {
  readonly id: string;
  /** JSON, which arrives byte for byte. */
  readonly source: Buffer;
  /** The version it takes the place of; without one the document must be new. */
  readonly replaces?: DocumentVersion | undefined;
}

/** `conflict`: another writer was faster, or has a higher version; nothing was written. */
export type PutOutcome =
  | { readonly kind: "written"; readonly version: DocumentVersion; readonly isNew: boolean }
  | { readonly kind: "conflict" }
  | { readonly kind: "failed"; readonly type: string; readonly reason: string };

/**
 * Writes each document in place of exactly the version it names, once and in one request, and says what became of it.
 */
export async function putDocuments(
  client: Client,
  index: string,
  documents: readonly VersionedDocument[],
): Promise<Map<string, PutOutcome>> {
  if (documents.length === 0) return new Map();
  const place = placeOf(index);
  const lines = documents.flatMap(({ id, source, replaces }) => [
    Buffer.from(`${JSON.stringify(action(documentId(place, id), replaces))}\n`),
    source,
    newline,
  ]);
  const items = await send(client, place, Buffer.concat(lines));
  return new Map(documents.map(({ id }, at) => [id, outcome(items[at])]));
}

/**
 * Writes the records of a body, whose actions say at which version, once and in one request, and says what became of
 * each.
 */
export async function putBody(client: Client, index: string, body: BulkBody): Promise<Map<string, PutOutcome>> {
  if (body.records === 0) return new Map();
  const place = placeOf(index);
  const items = await send(client, place, linesFor(place, body));
  return new Map(Array.from({ length: body.records }, (_, at) => [body.id(at), outcome(items[at])]));
}

async function send(client: Client, place: Place, lines: Buffer): Promise<readonly RawItem[]> {
  const request = () =>
    client.transport.request<{ items: readonly RawItem[] }>({
      method: "POST",
      path: `/${encodeURIComponent(place.index)}/_bulk`,
      querystring: { filter_path: wanted, ...routingOf(place) },
      bulkBody: lines as never, // taken as it is; the type names only strings and objects
    });
  const isBlocked = ({ items }: { items: readonly RawItem[] }): boolean =>
    items.some((item) => Object.values(item)[0]?.error?.type === blockedType);
  const { items } = await described(throughSeal(client, place.index, request, isBlocked));
  return items;
}

const wanted = "items.*.status,items.*.error,items.*.result,items.*._seq_no,items.*._primary_term";
const newline = Buffer.from("\n");

function action(id: string, replaces: DocumentVersion | undefined): object {
  if (replaces === undefined) return { create: { _id: id } };
  return { index: { _id: id, if_seq_no: replaces.seqNo, if_primary_term: replaces.primaryTerm } };
}

interface RawItem {
  readonly [action: string]: {
    readonly _seq_no?: number;
    readonly _primary_term?: number;
    readonly result?: string;
    readonly error?: { readonly type: string; readonly reason?: string };
  };
}

function outcome(item: RawItem | undefined): PutOutcome {
  const result = item?.["create"] ?? item?.["index"];
  if (result === undefined) return { kind: "failed", type: "unexpected_answer", reason: "no answer for the document" };
  if (result.error?.type === "version_conflict_engine_exception") return { kind: "conflict" };
  if (result.error !== undefined) return { kind: "failed", type: result.error.type, reason: result.error.reason ?? "" };
  const version = { seqNo: result._seq_no ?? 0, primaryTerm: result._primary_term ?? 0 };
  return { kind: "written", version, isNew: result.result === "created" };
}
