import { resourcePattern, sharedPattern } from "./index-names.ts";

/** One position of a pattern: the characters allowed there (undefined: any), once or any number of times. */
interface Position {
  characters: string | undefined;
  repeated: boolean;
}

const DIGITS = "0123456789";
const LETTERS_AND_DIGITS = `abcdefghijklmnopqrstuvwxyz${DIGITS}`;

/** True when some name matches both patterns; as in Elasticsearch, only "*" is a wildcard. */
export function patternsOverlap(first: string, second: string): boolean {
  return haveCommonName(positions(first), positions(second));
}

/** True when the pattern matches a name that indexName can make for the resource. */
export function matchesOurNames(pattern: string, prefix: string, resource: string): boolean {
  const month = [...Array.from({ length: 4 }, () => once(DIGITS)), once("."), once("01"), once(DIGITS)];
  const tenant = [once(LETTERS_AND_DIGITS), { characters: `${LETTERS_AND_DIGITS}_-`, repeated: true }, once("-")];
  const names = [
    [...positions(resourcePattern(prefix, resource).slice(0, -1)), ...tenant, ...month],
    [...positions(sharedPattern(prefix, resource).slice(0, -1)), ...month],
  ];
  return names.some((name) => haveCommonName(positions(pattern), name));
}

function positions(pattern: string): Position[] {
  return Array.from(pattern, (character) =>
    character === "*" ? { characters: undefined, repeated: true } : once(character),
  );
}

function once(characters: string): Position {
  return { characters, repeated: false };
}

/** Walks both patterns at once over every pair of positions that one common beginning can reach. */
function haveCommonName(first: Position[], second: Position[]): boolean {
  const seen = new Set<number>();
  const open: [number, number][] = [[0, 0]];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const [i, j] = pair;
    const key = i * (second.length + 1) + j;
    if (seen.has(key)) continue;
    seen.add(key);

    const a = first[i];
    const b = second[j];
    if (a === undefined && b === undefined) return true;
    if (a?.repeated) open.push([i + 1, j]);
    if (b?.repeated) open.push([i, j + 1]);
    if (a !== undefined && b !== undefined && haveCommonCharacter(a, b)) {
      open.push([a.repeated ? i : i + 1, b.repeated ? j : j + 1]);
    }
  }
  return false;
}

function haveCommonCharacter(a: Position, b: Position): boolean {
  if (a.characters === undefined || b.characters === undefined) return true;
  const others = b.characters;
  return Array.from(a.characters).some((character) => others.includes(character));
}
