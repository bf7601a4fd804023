import { ObjectScanner } from "./object-scanner.ts";
import { valueEnd, walkObject } from "./scan-json.ts";

/** A hit of a search, its `_source` as the bytes of the answer. */
export interface ScannedHit {
  readonly id: string;
  readonly source: Buffer | undefined;
  readonly sort: readonly unknown[] | undefined;
}

const openBrace = 0x7b;
const closeBracket = 0x5d;
const comma = 0x2c;

/**
 * The hits of an answer `{..., "hits": {..., "hits": [...]}}`, without parsing their sources; undefined where it has
 * none. Follows the structure, for users' own JSON contains these keys too. Throws SyntaxError for what is no JSON.
 */
export function scanHits(answer: Buffer): ScannedHit[] | undefined {
  let hits: ScannedHit[] | undefined;
  const isHits = (from: number, to: number): boolean => answer.toString("latin1", from, to) === '"hits"';
  walkObject(answer, 0, (keyStart, keyEnd, outer) => {
    if (!isHits(keyStart, keyEnd) || answer[outer] !== openBrace) return valueEnd(answer, outer);
    return walkObject(answer, outer, (innerStart, innerEnd, start) => {
      if (!isHits(innerStart, innerEnd)) return valueEnd(answer, start);
      hits = [];
      return readHits(answer, start, hits);
    });
  });
  return hits;
}

/** Returns the position behind the array. */
function readHits(answer: Buffer, start: number, hits: ScannedHit[]): number {
  const scanner = new ObjectScanner(answer);
  let at = start + 1;
  while (answer[at] === openBrace) {
    const places = scanner.scan(at);
    let id = "";
    let source: Buffer | undefined;
    let sort: readonly unknown[] | undefined;
    for (let member = 1; member < places.length; member += 4) {
      const key = answer.toString("latin1", places[member], places[member + 1]);
      const [from, to] = [places[member + 2]!, places[member + 3]!];
      if (key === '"_id"') id = JSON.parse(answer.toString("utf8", from, to)) as string;
      else if (key === '"_source"') source = answer.subarray(from, to);
      else if (key === '"sort"') sort = JSON.parse(answer.toString("utf8", from, to)) as unknown[];
    }
    hits.push({ id, source, sort });
    const end = places[0]!;
    at = answer[end] === comma ? end + 1 : end;
  }
  if (answer[at] !== closeBracket) throw new SyntaxError(`expected the end of an array at ${at}`);
  return at + 1;
}
