import type { Client } from "@elastic/elasticsearch";
import type { DocumentVersion } from "./document-versions.ts";
import { described } from "../errors.ts";

export interface VersionedDocument {
  readonly id: string;
  /** JSON, which arrives byte for byte. */
  readonly source: Buffer;
  /** The version it takes the place of; without one the document must be new. */
  readonly replaces?: DocumentVersion | undefined;
}

/** `conflict`: another writer was faster, and nothing was written. */
export type PutOutcome =
  | { readonly kind: "written"; readonly version: DocumentVersion }
  | { readonly kind: "conflict" }
  | { readonly kind: "failed"; readonly type: string; readonly reason: string };

/** Writes each document in place of exactly the version it names, once and in one request, and says what became of it. */
export async function putDocuments(
  client: Client,
  index: string,
  documents: readonly VersionedDocument[],
): Promise<Map<string, PutOutcome>> {
  if (documents.length === 0) return new Map();
  const lines = documents.flatMap(({ id, source, replaces }) => [
    Buffer.from(`${JSON.stringify(action(id, replaces))}\n`),
    source,
    newline,
  ]);
  const { items } = await described(
    client.transport.request<{ items: readonly RawItem[] }>({
      method: "POST",
      path: `/${encodeURIComponent(index)}/_bulk`,
      querystring: { filter_path: "items.*.status,items.*.error,items.*._seq_no,items.*._primary_term" },
      bulkBody: Buffer.concat(lines) as never, // taken as it is; the type names only strings and objects
    }),
  );
  return new Map(documents.map(({ id }, at) => [id, outcome(items[at])]));
}

const newline = Buffer.from("\n");

function action(id: string, replaces: DocumentVersion | undefined): object {
  if (replaces === undefined) return { create: { _id: id } };
  return { index: { _id: id, if_seq_no: replaces.seqNo, if_primary_term: replaces.primaryTerm } };
}

interface RawItem {
  readonly [action: string]: {
    readonly _seq_no?: number;
    readonly _primary_term?: number;
    readonly error?: { readonly type: string; readonly reason?: string };
  };
}

function outcome(item: RawItem | undefined): PutOutcome {
  const result = item?.["create"] ?? item?.["index"];
  if (result === undefined) return { kind: "failed", type: "unexpected_answer", reason: "no answer for the document" };
  if (result.error?.type === "version_conflict_engine_exception") return { kind: "conflict" };
  if (result.error !== undefined) return { kind: "failed", type: result.error.type, reason: result.error.reason ?? "" };
  return { kind: "written", version: { seqNo: result._seq_no ?? 0, primaryTerm: result._primary_term ?? 0 } };
}
