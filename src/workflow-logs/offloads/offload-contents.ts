import type { Client } from "@elastic/elasticsearch";
import { readSources } from "../../stores/elasticsearch/documents/mget-sources.ts";

/** What a document holds of one offload row. */
export interface ArchivedContent {
  readonly type: string;
  /** Exactly the bytes of the file; undefined where the document does not have them. */
  readonly content: Buffer | undefined;
}

/** The contents in the document of a node execution by their offload ids; empty when there is no such document. */
export async function archivedContents(
  client: Client,
  index: string,
  recordId: string,
): Promise<ReadonlyMap<string, ArchivedContent>> {
  const source = (await readSources(client, index, [recordId])).get(recordId);
  if (source === undefined) return new Map();
  const { archive } = JSON.parse(source.toString("utf8")) as {
    archive?: { offload_contents?: { offload_id: string; type: string; content?: string }[] };
  };
  return new Map(
    (archive?.offload_contents ?? []).map(({ offload_id: id, type, content }) => [
      id,
      { type, content: content === undefined ? undefined : Buffer.from(content, "utf8") },
    ]),
  );
}
