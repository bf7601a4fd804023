import { createHash } from "node:crypto";
import type { DocumentMark } from "../state/cleanup/purged-rows.ts";
import { stringEnd } from "../../stores/elasticsearch/documents/scan-json.ts";

/** How `archive` begins, which no column does: their values are strings, numbers, literals. */
const archiveStart = Buffer.from(',"archive":{');
const searchTextStart = Buffer.from('"search_text":"');
/** The end of every document that the renderer writes. */
const copiedAt = /^"copied_at":"[0-9T:.Z-]{24}"\}\}$/;
const copiedAtLength = '"copied_at":"2026-01-31T23:59:59.999Z"}}'.length;
const comma = 0x2c;
const nothing = Buffer.alloc(0);

/**
 * The bytes of a document without its search text and the time of copying: what is before the search text, and what is
 * behind it. Of a document that has another form than the program's nothing is left out.
 */
export function stableParts(document: Buffer): readonly [head: Buffer, rest: Buffer] {
  const start = document.indexOf(archiveStart) + archiveStart.length;
  if (start < archiveStart.length) return [document, nothing];
  const end = document.length - copiedAtLength;
  const isOurs = copiedAt.test(document.toString("latin1", Math.max(0, end)));
  return [
    document.subarray(0, start),
    document.subarray(behindSearchText(document, start), isOurs ? end : document.length),
  ];
}

/** Whether two documents whose last member is `archive` have the very same bytes before it: every column is equal. */
export function hasSameColumns(a: Buffer, b: Buffer): boolean {
  const start = a.indexOf(archiveStart);
  const end = start + archiveStart.length;
  return start >= 0 && b.length >= end && a.compare(b, 0, end, 0, end) === 0;
}

/**
 * What a row's document is known by later, as SHA-256. Equal for two documents that differ in nothing but search text
 * and the time of copying; else different.
 */
export function fingerprintOf(document: Buffer): Buffer {
  const [head, rest] = stableParts(document);
  return createHash("sha256").update(head).update(rest).digest();
}

/** By what a document is known later: taken from what Elasticsearch gave, for that is what will be there. */
export function markOf(document: Buffer): DocumentMark {
  return { fingerprint: fingerprintOf(document), bytes: document.length };
}

/** Behind the search text that begins at `start`, if it does. */
function behindSearchText(document: Buffer, start: number): number {
  const inside = start + searchTextStart.length;
  if (!document.subarray(start, inside).equals(searchTextStart)) return start;
  const end = stringEnd(document, inside - 1);
  return document[end] === comma ? end + 1 : start;
}
