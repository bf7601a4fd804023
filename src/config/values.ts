import { z } from "zod";

/**
 * A variable whose text `parse` understands, `undefined` meaning that it does not. Problems name the variable and what
 * is expected and never repeat the text, which may be a secret put into the wrong place.
 */
export function value<T>(expectation: string, parse: (text: string) => T | undefined) {
  return z.string().transform((text, context) => {
    const parsed = parse(text.trim());
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: `must be ${expectation}` });
    return z.NEVER;
  });
}

export const anyText = value("text", (given) => given);

const booleans = new Map(
  Object.entries({ true: true, yes: true, on: true, 1: true, false: false, no: false, off: false, 0: false }),
);

export const boolean = value("true or false", (text) => booleans.get(text.toLowerCase()));

export function wholeNumber(least: number, most: number) {
  return value(`a whole number from ${least} to ${most}`, (text) => {
    if (!/^\d{1,15}$/.test(text)) return undefined;
    const number = Number(text);
    return number >= least && number <= most ? number : undefined;
  });
}

export function matching(pattern: RegExp, expectation: string) {
  return value(expectation, (text) => (pattern.test(text) ? text : undefined));
}

export function oneOf<const T extends string>(...words: T[]) {
  return value(`one of ${words.join(", ")}`, (text) => words.find((word) => word === text.toLowerCase()));
}

/**
 * A zone by its name. Offsets such as +08:00 are refused: PostgreSQL reads their sign the other way round than
 * everybody else.
 */
export const timeZone = value("the name of a time zone, such as Asia/Shanghai", (text) => {
  if (!/^[A-Za-z]/.test(text)) return undefined;
  try {
    Intl.DateTimeFormat("en", { timeZone: text });
    return text;
  } catch {
    return undefined;
  }
});
