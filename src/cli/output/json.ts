/** One JSON document of one line. A bigint beyond the exact range of numbers becomes a string of its digits. */
export function jsonDocument(value: object): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== "bigint") return part;
    return part >= Number.MIN_SAFE_INTEGER && part <= Number.MAX_SAFE_INTEGER ? Number(part) : part.toString();
  });
}
