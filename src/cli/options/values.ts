import { z } from "zod";
import { parseSize } from "./sizes.ts";

/** Text of the command line that `parse` understands; undefined means that it does not. */
export function option<T>(expectation: string, parse: (text: string) => T | undefined) {
  return z.string().transform((text, context) => {
    const parsed = parse(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: `${JSON.stringify(text.slice(0, 100))} is not ${expectation}` });
    return z.NEVER;
  });
}

/** Any text but none. */
export const anyText = option("text", (given) => (given === "" ? undefined : given));

export function wholeNumber(least = 1, most = Number.MAX_SAFE_INTEGER) {
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return option(`a whole number ${range}`, (text) => {
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    return number >= least && number <= most ? number : undefined;
  });
}

/** One of `words`, which `flags.oneOf` also offers for completion. */
export function oneOf<const T extends string>(...words: readonly T[]) {
  const quoted = words.map((word) => `"${word}"`);
  return z.enum(words, `must be ${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`);
}

/** Infinity for "off". */
export const secondsOrOff = option('a whole number of seconds, or "off"', (text) =>
  text === "off" ? Number.POSITIVE_INFINITY : /^\d{1,9}$/.test(text) ? Number(text) : undefined,
);

/** Null for "off". */
export const rowsOrOff = option('a whole number of at least 1, or "off"', (text) =>
  text === "off" ? null : /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined,
);

/** Null for "off". */
export const sizeOrOff = option('a size above 0 such as 512KB or 10MB, or "off"', (text) =>
  text === "off" ? null : parseSize(text),
);

export const batchSize = wholeNumber(1, 10_000);
export const concurrency = wholeNumber(1, 64);
export const size = option("a size above 0 such as 512KB, 5MB or 1GB", parseSize);
export const uuid = option("a uuid", (text) => (z.guid().safeParse(text).success ? text.toLowerCase() : undefined));
