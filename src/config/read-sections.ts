import type { z } from "zod";
import { ConfigError } from "./config-error.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Parts of the configuration by their names, each a schema of its variables: a command reads and checks only those that
 * it needs.
 */
export type Sections = Readonly<Record<string, z.ZodType>>;

export type ConfigOf<S extends Sections> = { readonly [Name in keyof S]: z.output<S[Name]> };

/**
 * What the environment says in these sections; empty variables count as unset.
 * @throws ConfigError listing every wrong variable of all of them, without any value
 */
export function readSections<S extends Sections>(sections: S, env: Environment): ConfigOf<S> {
  const set = Object.fromEntries(Object.entries(env).filter(([, text]) => text !== undefined && text.trim() !== ""));
  const read = Object.entries(sections).map(([name, section]) => [name, section.safeParse(set)] as const);
  const issues = read.flatMap(([, result]) => result.error?.issues ?? []);
  if (issues.length > 0) throw new ConfigError(issues.map(({ path, message }) => `${path.join(".")} ${message}`));
  return Object.fromEntries(read.map(([name, result]) => [name, result.data])) as ConfigOf<S>;
}
