import { z } from "zod";
import { repeated, value } from "../../options/flags.ts";
import { oneOf, option, wholeNumber } from "../../options/values.ts";

const tenant = option("a name of a tenant: 1 to 64 of a-z, A-Z, 0-9, _ and -", (text) =>
  /^[A-Za-z0-9_-]{1,64}$/.test(text) ? text : undefined,
);

export const oneTenant = value("of this tenant", tenant);
export const tenants = repeated("only this tenant", z.array(tenant).default([]));
export const maxRps = value("at most so many records a second", wholeNumber(1).optional());
export const topK = value("at most so many", wholeNumber(1, 10_000).default(20));
export const oneId = value("of this record", z.string().min(1));
export const store = value("ask this store, whatever the tenant's phase says", oneOf("weaviate", "milvus").optional());

/** A JSON value of the command line. */
export function json<T>(expectation: string, isRight: (parsed: unknown) => parsed is T) {
  return option(expectation, (text): T | undefined => {
    try {
      const parsed: unknown = JSON.parse(text);
      return isRight(parsed) ? parsed : undefined;
    } catch {
      return undefined;
    }
  });
}

export function isObject(given: unknown): given is Record<string, unknown> {
  return typeof given === "object" && given !== null && !Array.isArray(given);
}

export function isVector(given: unknown): given is number[] {
  return Array.isArray(given) && given.length > 0 && given.every((one) => typeof one === "number");
}
