/**
 * The value as a literal of Milvus' filter language: quotes and backslashes escaped, line ends too, which end a
 * literal.
 */
export function literal(value: string): string {
  return `"${value.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}"`;
}

export function list(values: Iterable<string>): string {
  return `[${[...values].map(literal).join(",")}]`;
}

/**
 * A pattern that every text with `keyword` in it matches. % and _ are escaped. A backslash becomes "any character",
 * because servers do not agree on how it is escaped in a pattern: look at what is found once more.
 */
export function containing(field: string, keyword: string): string {
  const escaped = keyword.replace(/[%_]|\\/g, (found) => (found === "\\" ? "_" : `\\${found}`));
  return `${field} like ${literal(`%${escaped}%`)}`;
}

export function all(...conditions: readonly string[]): string {
  return conditions.map((condition) => `(${condition})`).join(" and ");
}
