import { printable } from "./printable.ts";

/**
 * One JSON document of one line, in which whatever could steer a terminal is escaped. A bigint beyond the exact range
 * of numbers becomes a string of its digits.
 */
export function jsonDocument(value: object): string {
  const json = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== "bigint") return part;
    return part >= Number.MIN_SAFE_INTEGER && part <= Number.MAX_SAFE_INTEGER ? Number(part) : part.toString();
  });
  return printable(json); // its escapes are JSON's own, and outside of strings there is nothing to escape
}
