import type { Prng } from "../../../dev/sample-logs/prng.ts";
import { archivedDocuments, rawSource } from "../../support/archived-documents.ts";
import type { Stores } from "../../support/compare-stores.ts";

export interface Tampered {
  readonly kind: "altered" | "lost" | "extra";
  readonly id: string;
  readonly what: string;
}

export interface StoredDocument {
  readonly index: string;
  readonly id: string;
}

/** Every document of the archive, in an order that does not depend on the server. */
export async function storedDocuments({ elasticsearchUrl, prefix }: Stores): Promise<StoredDocument[]> {
  const documents: StoredDocument[] = [];
  for await (const page of archivedDocuments(elasticsearchUrl, prefix))
    for (const { index, id } of page) documents.push({ index, id });
  return documents.toSorted((a, b) => (a.index + a.id < b.index + b.id ? -1 : 1));
}

/** Deletes, adds or changes so many documents, each at a random place, as somebody with access to the index could. */
export async function tamper(
  { elasticsearchUrl }: Stores,
  documents: readonly StoredDocument[],
  prng: Prng,
  places: number,
): Promise<Tampered[]> {
  const left = [...documents];
  const done: Tampered[] = [];
  for (let at = 0; at < places; at++) {
    const [target] = left.splice(prng.integer(0, left.length - 1), 1);
    const { index, id } = target!;
    const source = await rawSource(elasticsearchUrl, index, id);
    const choice = prng.integer(0, 9);
    if (choice === 0) {
      await send("DELETE", `${elasticsearchUrl}/${index}/_doc/${id}`);
      done.push({ kind: "lost", id, what: "deleted" });
    } else if (choice === 1) {
      const added = newId(id, prng);
      await send("PUT", `${elasticsearchUrl}/${index}/_doc/${added}`, source.replaceAll(id, added));
      done.push({ kind: "extra", id: added, what: "added" });
    } else {
      done.push({ kind: "altered", id, what: await change(elasticsearchUrl, index, id, source, prng) });
    }
  }
  return done;
}

/**
 * Another byte at a place of the document where Elasticsearch takes one. What it has beside the row is left: nothing
 * speaks of that.
 */
async function change(url: string, index: string, id: string, source: string, prng: Prng): Promise<string> {
  const beside = /"search_text":"(?:[^"\\]|\\.)*",|"copied_at":"[^"]*"/g;
  const spared = [...source.matchAll(beside)].map(({ 0: text, index: start }) => [start, start + text.length] as const);
  for (;;) {
    const at = prng.integer(0, source.length - 1);
    if (spared.some(([from, to]) => at >= from && at < to)) continue;
    const before = source[at]!;
    if (!/[0-9A-Za-z]/.test(before)) continue;
    const after = prng.pick((/[0-9]/.test(before) ? "0123456789" : "abcdefghijklmnopqrstuvwxyz").split(""));
    if (after === before) continue;
    const changed = source.slice(0, at) + after + source.slice(at + 1);
    if (!isJson(changed)) continue;
    const answer = await fetch(`${url}/${index}/_doc/${id}`, { method: "PUT", headers, body: changed });
    await answer.text();
    if (answer.ok) return `${source.slice(Math.max(0, at - 20), at)}[${before} -> ${after}]`;
  }
}

const headers = { "content-type": "application/json" };

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function newId(id: string, prng: Prng): string {
  const digits = prng.integer(0, 0xffff_ffff).toString(16).padStart(8, "0");
  return digits + id.slice(8);
}

async function send(method: string, url: string, body?: string): Promise<void> {
  const answer = await fetch(url, { method, ...(body !== undefined && { headers, body }) });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${(await answer.text()).slice(0, 300)}`);
}
