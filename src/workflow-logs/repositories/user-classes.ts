import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "../../engine/errors.ts";
import type { Connections } from "../connections.ts";

export type RepositoryClass<T> = new (connections: Connections) => T;

export interface RepositoryModule {
  /** A relative one is looked for from the working directory. */
  readonly file: string;
  readonly className: string;
}

/**
 * The classes that the modules export. Throws UsageError that lists all modules that have none, or one without a method
 * it needs.
 */
export async function userClasses<Name extends string>(
  modules: readonly [Name, RepositoryModule][],
  requiredMethods: Readonly<Record<Name, readonly string[]>>,
): Promise<Map<Name, RepositoryClass<unknown>>> {
  const classes = new Map<Name, RepositoryClass<unknown>>();
  const problems: string[] = [];
  for (const [name, wanted] of modules) {
    const found = await load(wanted);
    const lacks = typeof found === "string" ? undefined : missingMethods(found, requiredMethods[name]);
    if (typeof found === "string") problems.push(`${wanted.file}#${wanted.className}: ${found}`);
    else if (lacks !== undefined) problems.push(`${wanted.file}#${wanted.className} has no method ${lacks}`);
    else classes.set(name, found);
  }
  if (problems.length === 0) return classes;
  const list = problems.map((problem) => `  ${problem}`).join("\n");
  throw new UsageError("invalid_repository", `These repositories cannot be used:\n${list}`, {
    hint: "Name a module that exports such a class, or one of postgres, elasticsearch and dual-write.",
  });
}

/** The class, or why there is none. */
async function load({ file, className }: RepositoryModule): Promise<RepositoryClass<unknown> | string> {
  try {
    const module = (await import(pathToFileURL(resolve(file)).href)) as Readonly<Record<string, unknown>>;
    const exported = module[className];
    return typeof exported === "function" ? (exported as RepositoryClass<unknown>) : "the module exports no such class";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function missingMethods({ prototype }: RepositoryClass<unknown>, names: readonly string[]): string | undefined {
  const methods = prototype as Readonly<Record<string, unknown>> | undefined;
  const missing = names.filter((name) => typeof methods?.[name] !== "function");
  return missing.length === 0 ? undefined : missing.join(", ");
}
