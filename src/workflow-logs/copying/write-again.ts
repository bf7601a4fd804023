import { documentVersions, type NumberedVersion } from "../../stores/elasticsearch/documents/document-versions.ts";
import { putDocuments } from "../../stores/elasticsearch/documents/put-documents.ts";
import type { Receipt, Refusal } from "../../engine/ports.ts";
import type { RowBatch } from "../rows/row-batches.ts";
import { sourceVersion } from "../documents/source-version.ts";
import type { RowCopy } from "./row-copy.ts";

/** A document that is newer each time is written by others, who have read its row later than we. */
const attempts = 3;

/** Sends the documents of a batch; `newer` are those that the index had at a higher version. */
export type Send = (batch: RowBatch, signal: AbortSignal) => Promise<Receipt & { readonly newer: readonly string[] }>;

/**
 * What is done for documents that the index has at a higher version than that of the row that was read: the row is read
 * again. Mostly it was written by somebody who has read it later, and the row is still the same. But when the database
 * was set back (a backup restored, a standby promoted that lacked the last transactions, a crash), documents may be
 * from a future that never came: their version is beyond that of a read made now. In the place of exactly such a
 * document its row is put as it is. Returns what Elasticsearch refused for good.
 */
export async function writeAgain(
  copy: RowCopy,
  ids: readonly string[],
  send: Send,
  signal: AbortSignal,
): Promise<readonly Refusal[]> {
  const refused: Refusal[] = [];
  for (let attempt = 0, left = ids; attempt < attempts && left.length > 0; attempt++) {
    const found = await documentVersions(copy.elasticsearch, copy.target.index, left);
    const now = BigInt(await sourceVersion(copy.postgres));
    const fromTheFuture = left.filter((id) => (found.get(id)?.version ?? 0n) > now);
    const others = left.filter((id) => !fromTheFuture.includes(id));
    const newer: string[] = [];
    for await (const batch of rowsOf(copy, others, signal)) {
      const receipt = await send(batch, signal);
      const mayReplace = replacingIds(batch);
      refused.push(...receipt.refused);
      newer.push(...receipt.newer.filter((id) => mayReplace.has(id)));
    }
    for await (const batch of rowsOf(copy, fromTheFuture, signal))
      newer.push(...(await replace(copy, batch, found, refused)));
    left = newer;
  }
  return refused;
}

/**
 * Those that were written since the database was set back, where it was: the others may be older than their documents,
 * whatever their versions.
 */
function replacingIds({ body }: Pick<RowBatch, "body">): ReadonlySet<string> {
  const ids = new Set<string>();
  for (let at = 0; at < body.records; at++) if (body.version(at) !== 0) ids.add(body.id(at));
  return ids;
}

async function* rowsOf(copy: RowCopy, ids: readonly string[], signal: AbortSignal): AsyncGenerator<RowBatch> {
  if (ids.length === 0) return;
  async function* once(): AsyncGenerator<readonly string[]> {
    yield ids;
  }
  for await (const batch of copy.source.rowsById(copy.rowsOf, once(), copy.read, signal)) {
    if (batch.records > 0) yield batch;
    copy.read.bodies.giveBack(batch.body);
  }
}

/**
 * Puts each document in place of exactly the version that was found; returns the ids of those that somebody else was at
 * meanwhile.
 */
async function replace(
  { elasticsearch, target }: RowCopy,
  { body }: RowBatch,
  found: ReadonlyMap<string, NumberedVersion>,
  refused: Refusal[],
): Promise<string[]> {
  const mayReplace = replacingIds({ body });
  const documents = Array.from({ length: body.records }, (_, at) => ({
    id: body.id(at),
    source: body.document(at),
    replaces: found.get(body.id(at)),
  })).filter(({ id }) => mayReplace.has(id));
  const busy: string[] = [];
  for (const [id, outcome] of await putDocuments(elasticsearch, target.index, documents)) {
    if (outcome.kind === "conflict") busy.push(id);
    if (outcome.kind === "failed") refused.push({ id, type: outcome.type, reason: outcome.reason });
  }
  return busy;
}
