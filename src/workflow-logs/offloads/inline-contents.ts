import { sideBySide } from "../../engine/side-by-side.ts";
import type { BlobStorage } from "../../stores/blobs/blob-storage.ts";
import type { BulkBodies, BulkBody } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import type { UnresolvedContent } from "../state/partitions/unresolved-contents.ts";
import { searchUnits, type SearchTextMode } from "../documents/search-text.ts";
import type { RowBatch } from "../rows/row-batches.ts";
import { type LoadedContent, loadContent } from "./load-content.ts";
import { fileSize, type OffloadedRow } from "./offloaded-rows.ts";
import { writeWithContents } from "./write-with-contents.ts";

/** What became of the offloaded contents of one batch. */
export interface InlinedContents {
  /** Size of the body that carries them. */
  readonly bodyBytes: number;
  readonly files: number;
  readonly fileBytes: number;
  /** Rows whose contents were looked for. */
  readonly rowIds: readonly string[];
  /** Contents that are not in the document of their row. */
  readonly unresolved: readonly UnresolvedContent[];
}

/**
 * Of one row together. Elasticsearch takes requests of 100 MB and strings of 50 million characters, and escapes may
 * double the text: a document beyond that would be refused whole.
 */
const largestContents = 48 * 1024 * 1024;
const loadsAtOnce = 4;

/** Puts the contents of offloaded columns into the documents of batches, as `archive.offload_contents`. */
export class InlineContents {
  private readonly storage: BlobStorage;
  private readonly bodies: BulkBodies;
  private readonly searchUnits: number;

  constructor(storage: BlobStorage, bodies: BulkBodies, searchText: SearchTextMode) {
    this.storage = storage;
    this.bodies = bodies;
    this.searchUnits = searchUnits[searchText];
  }

  /**
   * The body to send for a batch, to be given back when it was, and what became of the contents; undefined where
   * nothing was offloaded. Called when the batch's turn has come, so that contents of a few batches at most are in
   * memory and no statement waits for the storage.
   */
  async bodyOf(
    batch: RowBatch,
    tenantId: string,
    signal: AbortSignal,
  ): Promise<{ readonly body: BulkBody; readonly inlined: InlinedContents } | undefined> {
    if (batch.offloaded.length === 0) return undefined;
    const contents = await this.load(batch.offloaded, tenantId, signal);
    const body = this.bodies.take();
    body.reserve(batch.bytes);
    writeWithContents(body, batch, contents, this.searchUnits);
    return { body, inlined: inlinedContents(batch, contents, body.length) };
  }

  /** In the order of the rows and their offloads, a few at once. */
  private async load(
    rows: readonly OffloadedRow[],
    tenantId: string,
    signal: AbortSignal,
  ): Promise<readonly LoadedContent[][]> {
    const contents: LoadedContent[][] = rows.map(() => []);
    const loads = rows.flatMap((row, at) => {
      let room = largestContents;
      return row.offloads.map((offload, number) => {
        const most = room;
        const size = fileSize(offload) ?? 0;
        if (size <= room) room -= size;
        return async () => {
          contents[at]![number] = await loadContent(this.storage, tenantId, offload, most);
        };
      });
    });
    await sideBySide(loads, loadsAtOnce, async (load) => {
      if (signal.aborted) throw new DOMException("stopped before the next content was loaded", "AbortError");
      await load();
    });
    return contents;
  }
}

function inlinedContents(
  { body, offloaded }: RowBatch,
  contents: readonly LoadedContent[][],
  bodyBytes: number,
): InlinedContents {
  const rowIds = offloaded.map(({ at }) => body.id(at));
  const all = offloaded.flatMap(({ offloads }, row) =>
    offloads.map((offload, number) => ({ recordId: rowIds[row]!, offload, content: contents[row]![number]! })),
  );
  const texts = all.flatMap(({ content }) => ("text" in content ? [content.text.length] : []));
  const unresolved = all.flatMap(({ recordId, offload, content }) =>
    "error" in content ? [{ recordId, offloadId: offload.id ?? "", reason: content.error }] : [],
  );
  return {
    bodyBytes,
    files: texts.length,
    fileBytes: texts.reduce((sum, length) => sum + length, 0),
    rowIds,
    unresolved,
  };
}
