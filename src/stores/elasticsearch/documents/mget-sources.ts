import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { readAnswer } from "../bulk/raw-answer.ts";
import { readJson, unexpectedAnswer } from "../unexpected-answer.ts";
import { refuseUnreadable } from "./unreadable.ts";
import { forEachMember } from "./scan-json.ts";

/**
 * The `_source` of each id that has a document, in real time, as the very bytes that were sent. The answer is about as
 * large as the documents: the caller chooses ids by their size, or gives a limit in bytes. A missing index has none;
 * throws AppError when a document cannot be read, and `answer_too_large` beyond the limit.
 */
export async function readSources(
  client: Client,
  index: string,
  ids: readonly string[],
  limit?: number,
): Promise<Map<string, Buffer>> {
  if (ids.length === 0) return new Map();
  // no filter_path: it makes the server write `_source` anew, with other escapes and numbers
  const path = `/${encodeURIComponent(index)}/_mget`;
  const answer = await readAnswer(client, { method: "POST", path, body: { ids } }, limit);
  return readJson(() => sliceSources(answer, ids.length));
}

/** No more of one answer is kept in memory, unless it is a single document. */
const longestAnswer = 64 * 1024 * 1024;

/** As readSources, with a limit that one document alone may pass. */
export function readBounded(client: Client, index: string, ids: readonly string[]): Promise<Map<string, Buffer>> {
  return readSources(client, index, ids, ids.length > 1 ? longestAnswer : Number.POSITIVE_INFINITY);
}

/** Whether an answer was too large for us or too much for the server: fewer ids may pass. */
export function isTooMuch(error: unknown): boolean {
  return error instanceof AppError && ["answer_too_large", "elasticsearch_overloaded"].includes(error.code);
}

const comma = 0x2c;
const openBrace = 0x7b;
const docsKey = Buffer.from('"docs"');
const idKey = Buffer.from('"_id"');
const sourceKey = Buffer.from('"_source"');
const errorKey = Buffer.from('"error"');

/**
 * Cuts the sources out of an answer `{"docs":[{..., "_id": ..., "_source": {...}}, ...]}` without parsing them. Follows
 * the structure, for users' own JSON contains these keys too. Throws AppError for a document that could not be read, or
 * of which the answer says nothing: it would look as if it were missing.
 */
export function sliceSources(answer: Buffer, asked: number): Map<string, Buffer> {
  const sources = new Map<string, Buffer>();
  let documents = 0;
  forEachMember(answer, 0, (key, start) => {
    if (!key.equals(docsKey)) return;
    for (let at = start + 1; answer[at] === openBrace;) {
      let id = "";
      let source: Buffer | undefined;
      const end = forEachMember(answer, at, (name, from, to) => {
        if (name.equals(idKey)) id = JSON.parse(answer.toString("utf8", from, to)) as string;
        else if (name.equals(sourceKey)) source = answer.subarray(from, to);
        else if (name.equals(errorKey)) refuseUnreadable(JSON.parse(answer.toString("utf8", from, to)) as object);
      });
      if (source !== undefined) sources.set(id, source);
      documents++;
      at = answer[end] === comma ? end + 1 : end;
    }
  });
  if (documents !== asked) throw unexpectedAnswer(`${documents} documents for ${asked} ids`);
  return sources;
}
