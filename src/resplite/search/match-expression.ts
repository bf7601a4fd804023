import { CommandError } from "../data/errors.ts";
import { textOf } from "./names.ts";

const token = /^[\p{L}\p{N}\p{M}_]+\*?$/u;

/**
 * A query in FTS5's language: every word must be there, `word*` as the beginning of one. Words are quoted, so that AND,
 * OR, NOT and NEAR are words too.
 * @throws CommandError for all else: operators, fields, quotes
 */
export function matchExpression(query: Buffer): string {
  const words = textOf(query)
    .split(" ")
    .filter((word) => word !== "");
  if (words.length === 0 || !words.every((word) => token.test(word))) throw new CommandError("ERR invalid query");
  return words.map((word) => (word.endsWith("*") ? `"${word.slice(0, -1)}"*` : `"${word}"`)).join(" ");
}
