import { closestMatch } from "leven";

/** One thing that is wrong with the arguments. */
export interface Problem {
  readonly code: string;
  readonly text: string;
  /** The nearest known word. */
  readonly suggestion?: string | undefined;
  /** The flag it is about, with dashes between words; the schema's own words about it would say the same again. */
  readonly flag?: string | undefined;
}

export const missingCommand = "A command is missing.";

export function excessArgument(word: string): Problem {
  return { code: "excess_arguments", text: `there is an argument too many: '${word}'` };
}

/**
 * What yargs found wrong, as data. Its messages are the only form in which it says so; they are those of its English
 * texts. Missing flags and positional arguments are left to the schema, which knows them too.
 */
export function readProblems(
  messages: readonly string[],
  args: readonly string[],
  knownFlags: readonly string[],
  isCommand: boolean,
): Problem[] {
  const suggested = messages
    .map((message) => /^Did you mean (.*)\?$/.exec(message)?.[1])
    .find((word) => word !== undefined);
  const unknown = messages.flatMap((message) => /^Unknown arguments?: (.*)$/s.exec(message)?.[1]?.split(", ") ?? []);
  const unknownFlags = [...new Set(unknown)].filter((name) => args.some((arg) => isFlag(arg, name)));
  // An unknown flag may have taken a command's name for its value: then nothing can be said about words.
  if (unknownFlags.length > 0)
    return [...unknownFlags.map((name) => unknownFlag(name, knownFlags)), ...messages.flatMap(aboutValues)];
  const words = unknown.map((word) =>
    isCommand
      ? excessArgument(word)
      : { code: "unknown_command", text: `unknown command '${word}'`, suggestion: suggested },
  );
  if (words.length === 0 && messages.includes(missingCommand)) {
    return [{ code: "missing_command", text: missingCommand }];
  }
  return [...words, ...messages.flatMap(aboutValues)];
}

function isFlag(arg: string, name: string): boolean {
  return (
    arg.startsWith("-") && (arg.replace(/^-+/, "").split("=")[0] === name || (name.length === 1 && /^-[^-]/.test(arg)))
  );
}

function unknownFlag(name: string, knownFlags: readonly string[]): Problem {
  const flag = name.length === 1 ? `-${name}` : `--${name}`;
  const nearest = name.length === 1 ? undefined : closestMatch(name, knownFlags, { maxDistance: 3 });
  return { code: "unknown_option", text: `unknown option '${flag}'`, suggestion: nearest && `--${nearest}` };
}

function aboutValues(message: string): Problem[] {
  const lacking = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  if (lacking !== undefined) {
    return [{ code: "option_missing_argument", text: `option '--${lacking}' needs a value`, flag: lacking }];
  }
  const toggle = /^Argument unexpected for: (.*)$/.exec(message)?.[1];
  if (toggle !== undefined)
    return [{ code: "unexpected_value", text: `option '--${toggle}' takes no value`, flag: toggle }];
  return [];
}
