import type { Client } from "@elastic/elasticsearch";
import { described } from "./errors.ts";
import { readAnswer } from "./raw-answer.ts";

/** Which of the ids have a document in the index, in real time. A missing index has none. */
export async function existingIds(client: Client, index: string, ids: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (let at = 0; at < ids.length; at += idsPerRequest) {
    const response = await described(
      client.mget({
        index,
        ids: ids.slice(at, at + idsPerRequest),
        _source: false,
        filter_path: ["docs._id", "docs.found"],
      }),
    );
    for (const document of response.docs) if ("found" in document && document.found) found.add(document._id);
  }
  return found;
}

/** More make the request slow to answer without making the whole faster. */
const idsPerRequest = 1000;

/** A number of a document that a double cannot hold, or would spell otherwise: its text as it was written. */
export interface ExactNumber {
  readonly exact: string;
}

export type ArchivedDocument = Record<string, unknown>;

/** The documents with these ids in real time, every number as it stands in `_source`. Ids without a document are left out. */
export async function readDocuments(
  client: Client,
  index: string,
  ids: readonly string[],
): Promise<Map<string, ArchivedDocument>> {
  if (ids.length === 0) return new Map();
  const json = await readAnswer(client, { method: "POST", path: `/${encodeURIComponent(index)}/_mget`, body: { ids } });
  const answer = JSON.parse(json.toString("utf8"), keepExactNumbers) as {
    docs: { _id: string; found?: boolean; _source: ArchivedDocument }[];
  };
  return new Map(
    answer.docs.filter((document) => document.found === true).map((document) => [document._id, document._source]),
  );
}

function keepExactNumbers(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined || String(value) === context.source) return value;
  return { exact: context.source } satisfies ExactNumber;
}
