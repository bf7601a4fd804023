import { z } from "zod";
import { UsageError } from "../../engine/errors.ts";
import type { Flag, Flags } from "../options/flags.ts";

type Shape<F extends Flags> = { [Name in keyof F]: F[Name] extends Flag<infer S> ? S : never };

/**
 * The query of a request, by the same flags as on the command line: `?tenantId=a&tenantId=b&failed=true`. Names that
 * are no flag are left out. Throws UsageError that names all that is wrong.
 */
export function readQuery<F extends Flags>(flags: F, query: URLSearchParams): z.output<z.ZodObject<Shape<F>>> {
  const given: Record<string, unknown> = {};
  for (const [name, { kind }] of Object.entries(flags)) {
    const texts = query.getAll(name).filter((text) => text !== "");
    if (texts.length === 0) continue;
    given[name] = kind === "toggle" ? texts.at(-1) === "true" || undefined : kind === "repeated" ? texts : texts.at(-1);
  }
  const shape = Object.fromEntries(Object.entries(flags).map(([name, { schema }]) => [name, schema])) as Shape<F>;
  const result = z.object(shape).safeParse(given);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new UsageError("invalid_query", problems.join("\n"), { hint: "Correct what was given. Nothing was changed." });
}
