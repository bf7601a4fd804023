import { z } from "zod";

/** One flag, or positional argument, of a command: what help says about it and how its text becomes a value. */
export interface Flag<S extends z.ZodType = z.ZodType> {
  readonly kind: "toggle" | "value" | "repeated";
  readonly describe: string;
  /** Of what the arguments hold for it: true, a text or a list of texts, or undefined when it was not given. */
  readonly schema: S;
  /** What stands in where it is not given, for help; the schema, or the command, puts it there. */
  readonly shownDefault?: string | undefined;
  /** Words that help and completion name; the schema decides what is taken. */
  readonly offered?: readonly string[] | undefined;
}

export type Flags = Readonly<Record<string, Flag>>;

interface Extras {
  /** For help alone: where the value that stands in is not the schema's own. */
  readonly shownDefault?: string | number;
  readonly offered?: readonly string[];
}

/** A flag that takes no value. */
export function toggle(describe: string): Flag<z.ZodOptional<z.ZodLiteral<true>>> {
  return { kind: "toggle", describe, schema: z.literal(true).optional() };
}

/** A flag with one value, required unless its schema takes undefined. The last one counts when it is given twice. */
export function value<S extends z.ZodType>(describe: string, schema: S, extras: Extras = {}): Flag<S> {
  return { kind: "value", describe, schema, ...shown(schema, extras) };
}

/** A flag that may be given several times; its values are collected in their order. */
export function repeated<S extends z.ZodType>(describe: string, schema: S, extras: Extras = {}): Flag<S> {
  return { kind: "repeated", describe: `${describe} (may be repeated)`, schema, ...shown(schema, extras) };
}

export function isRequired({ schema }: Flag): boolean {
  return !schema.safeParse(undefined).success;
}

function shown(schema: z.ZodType, { shownDefault, offered }: Extras): Pick<Flag, "shownDefault" | "offered"> {
  const standsIn = shownDefault ?? (schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined);
  const isText = typeof standsIn === "string" || typeof standsIn === "number";
  return { shownDefault: isText ? String(standsIn) : undefined, offered: offered ?? wordsOf(schema) };
}

function wordsOf(schema: z.ZodType): readonly string[] | undefined {
  if (schema instanceof z.ZodEnum) return schema.options.map(String);
  const isWrapped = schema instanceof z.ZodDefault || schema instanceof z.ZodOptional;
  return isWrapped ? wordsOf(schema.unwrap() as z.ZodType) : undefined;
}
