const wholeNumber = /^-?\d+$/;

/** JSON as JSON.parse reads it, but for whole numbers that a number cannot hold: they are bigints. */
export function parseExactJson(json: Buffer): unknown {
  return JSON.parse(json.toString("utf8"), exactNumber);
}

function exactNumber(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value) || context?.source === undefined) return value;
  return wholeNumber.test(context.source) ? BigInt(context.source) : value;
}
