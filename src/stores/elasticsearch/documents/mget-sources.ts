import type { Client } from "@elastic/elasticsearch";
import { AppError } from "../../../engine/errors.ts";
import { readAnswer } from "../bulk/raw-answer.ts";
import { documentId, idOf, pathOf, placeOf } from "../indices/place.ts";
import { readJson, unexpectedAnswer } from "../unexpected-answer.ts";
import { refuseUnreadable } from "./unreadable.ts";
import { ObjectScanner } from "./object-scanner.ts";
import { valueEnd, walkObject } from "./scan-json.ts";

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
  const place = placeOf(index);
  const request = {
    method: "POST" as const,
    path: pathOf(place, "_mget"),
    body: { ids: ids.map((id) => documentId(place, id)) },
  };
  const answer = await readAnswer(client, request, limit);
  const sources = readJson(() => sliceSources(answer, ids.length));
  if (place.tenantId === undefined) return sources;
  return new Map(Array.from(sources, ([found, source]) => [idOf(place, found), source]));
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
const closeBracket = 0x5d;
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
  const scanner = new ObjectScanner(answer);
  const isKey = (key: Buffer, from: number, to: number): boolean => answer.compare(key, 0, key.length, from, to) === 0;
  const parse = (from: number, to: number): unknown => JSON.parse(answer.toString("utf8", from, to));
  let documents = 0;
  walkObject(answer, 0, (keyStart, keyEnd, start) => {
    if (!isKey(docsKey, keyStart, keyEnd)) return valueEnd(answer, start);
    let at = start + 1;
    while (answer[at] === openBrace) {
      const places = scanner.scan(at);
      let id = "";
      let source: Buffer | undefined;
      for (let member = 1; member < places.length; member += 4) {
        const [from, to] = [places[member + 2]!, places[member + 3]!];
        if (isKey(idKey, places[member]!, places[member + 1]!)) id = parse(from, to) as string;
        else if (isKey(sourceKey, places[member]!, places[member + 1]!)) source = answer.subarray(from, to);
        else if (isKey(errorKey, places[member]!, places[member + 1]!)) refuseUnreadable(parse(from, to) as object);
      }
      if (source !== undefined) sources.set(id, source);
      documents++;
      const end = places[0]!;
      at = answer[end] === comma ? end + 1 : end;
    }
    if (answer[at] !== closeBracket) throw new SyntaxError(`expected the end of an array at ${at}`);
    return at + 1;
  });
  if (documents !== asked) throw unexpectedAnswer(`${documents} documents for ${asked} ids`);
  return sources;
}
