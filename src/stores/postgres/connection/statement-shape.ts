const longest = 500;

/**
 * A statement without what it speaks of: every literal is a question mark, lists of them are one, and it ends after 500
 * characters.
 */
export function statementShape(text: string): string {
  const shape = text
    .replace(/\/\*[^]*?\*\/|--[^\n]*/g, " ")
    .replace(/\$(\w*)\$[^]*?\$\1\$/g, "?")
    .replace(/\be'(?:[^'\\]|\\[^]|'')*'/gi, "?")
    .replace(/'(?:[^']|'')*'/g, "?")
    .replace(/(?<![\w$"])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?\b/gi, "?")
    .replace(/\?(?:::\w+)?(?:\s*,\s*\?(?:::\w+)?)+/g, "?, ...")
    .replace(/\s+/g, " ")
    .trim();
  return shape.length > longest ? `${shape.slice(0, longest)}…` : shape;
}
