import { AppError } from "../../engine/errors.ts";
import { inTime } from "../../engine/in-time.ts";
import type { StoreName, Stores } from "../stores.ts";

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };

/**
 * Asks every store at once and waits for each so long at most: one that is down or slow hides no other. A store that
 * answers too late may still be working on it.
 */
export async function eachStore<Answers extends Partial<Record<StoreName, unknown>>>(
  stores: Stores,
  questions: { readonly [Name in keyof Answers]: (stores: Stores) => Promise<Answers[Name]> },
  timeoutMillis: number,
): Promise<{ [Name in keyof Answers]: Answer<Answers[Name]> }> {
  const names = Object.keys(questions) as (keyof Answers)[];
  const answers = await Promise.all(names.map((name) => answerWithin(() => questions[name](stores), timeoutMillis)));
  return Object.fromEntries(names.map((name, at) => [name, answers[at]])) as {
    [Name in keyof Answers]: Answer<Answers[Name]>;
  };
}

export async function answerWithin<T>(ask: () => Promise<T>, timeoutMillis: number): Promise<Answer<T>> {
  const late = (): AppError =>
    new AppError("timeout", `no answer within ${timeoutMillis / 1000} s`, {
      hint: "Look whether the store runs and what stands in between, or wait longer with --timeout.",
    });
  try {
    return { ok: true, value: await inTime(ask(), timeoutMillis, late) };
  } catch (error) {
    return { ok: false, error: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}
