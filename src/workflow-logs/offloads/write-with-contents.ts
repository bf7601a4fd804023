import type { BulkBody } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import { writeAscii, writeRaw, writeString, writeTextBytes } from "../documents/json-bytes.ts";
import { searchText } from "../documents/search-text.ts";
import type { RowBatch } from "../rows/row-batches.ts";
import type { LoadedContent } from "./load-content.ts";
import type { Offload, OffloadedRow } from "./offloaded-rows.ts";

// src/workflow-logs/offloads owns contents that the platform keeps in files beside its rows: finding them, loading
// them, and putting them into documents. It never changes or deletes a file.

const newline = 0x0a;

/**
 * Appends the records of the batch; those with offloaded contents get these beside what the row alone gives:
 * `archive.offload_contents` with one entry for each offload row, and their words in the search text, of each content
 * at most `searchUnits` UTF-16 units.
 */
export function writeWithContents(
  body: BulkBody,
  { body: from, records, offloaded }: Pick<RowBatch, "body" | "records" | "offloaded">,
  contents: readonly LoadedContent[][],
  searchUnits: number,
): void {
  let next = 0;
  for (let at = 0; at < records; at++) {
    const record = from.record(at);
    const row = offloaded[next];
    body.beginRecord();
    if (row?.at === at) writeRecord(body, record, row, contents[next++]!, searchUnits);
    else writeRaw(body, record);
  }
}

function writeRecord(
  body: BulkBody,
  record: Buffer,
  row: OffloadedRow,
  contents: readonly LoadedContent[],
  searchUnits: number,
): void {
  const { searchTextStart, searchTextEnd, stableEnd } = row;
  const documentStart = record.indexOf(newline) + 1;
  const document = record.subarray(documentStart);
  writeRaw(body, record.subarray(0, documentStart));
  if (searchTextEnd === -1) {
    writeRaw(body, document.subarray(0, stableEnd));
  } else {
    const found = JSON.parse(`"${document.toString("utf8", searchTextStart, searchTextEnd)}"`) as string;
    writeRaw(body, document.subarray(0, searchTextEnd));
    writeRaw(body, moreSearchText(found, contents, searchUnits));
    writeRaw(body, document.subarray(searchTextEnd, stableEnd));
  }
  writeContents(body, row.offloads, contents);
  writeRaw(body, document.subarray(stableEnd));
}

/** The inside of a JSON string that goes on where `found` ends. */
function moreSearchText(found: string, contents: readonly LoadedContent[], units: number): Buffer {
  const texts = contents
    .map((content) => ("text" in content ? newWords(content.text, found, units) : ""))
    .filter((text) => text !== "");
  const all = [...(found === "" ? [] : [""]), ...texts].join("\n");
  return Buffer.from(texts.length === 0 ? "" : JSON.stringify(all.toWellFormed()).slice(1, -1));
}

/**
 * The preview in the column usually is the beginning of the content: where its words are there already, those behind
 * them.
 */
function newWords(content: Buffer, found: string, units: number): string {
  const words = searchText(content.toString("utf8", 0, Math.min(content.length, 24 * units)), 2 * units);
  const first = words.slice(0, units);
  return found.includes(first) ? words.slice(units) : first;
}

function writeContents(body: BulkBody, offloads: readonly Offload[], contents: readonly LoadedContent[]): void {
  for (const [at, offload] of offloads.entries()) {
    const content = contents[at]!;
    writeAscii(body, at === 0 ? '"offload_contents":[{"offload_id":' : ',{"offload_id":');
    writeString(body, offload.id ?? "");
    writeAscii(body, ',"type":');
    writeString(body, offload.type ?? "");
    if ("error" in content) {
      writeAscii(body, `,"content_error":"${content.error}"}`);
    } else {
      writeAscii(body, ',"content":');
      writeTextBytes(body, content.text, 0, content.text.length);
      writeAscii(body, "}");
    }
  }
  writeAscii(body, "],");
}
