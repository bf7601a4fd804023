import { stripVTControlCharacters } from "node:util";

export interface Failure {
  readonly name: string;
  readonly reason: string;
}

export interface Outcomes {
  readonly passed: readonly string[];
  /** Failed with our answer to a command that the server does not have. */
  readonly notListed: readonly string[];
  readonly failed: readonly Failure[];
  /** Empty, or that the file was not run to its end, and why. */
  readonly ended: string;
}

/** The suite cuts the first ten characters off. */
const unknown = /d not supported yet/;

/** What the suite has printed, test by test. */
export function outcomes(printed: string): Outcomes {
  const text = stripVTControlCharacters(printed);
  const parts = text.split(/^(?=\[(?:ok|err|exception|ignore|skip)\]: )/m).slice(1);
  const read = parts.map((part) => {
    const [, kind = "", rest = ""] = /^\[(\w+)\]: (.*)$/s.exec(part) ?? [];
    return { kind, name: rest.split(/ in tests\/| \(\d+ ms\)|\n/)[0]!, text: rest };
  });
  const errors = read.filter(({ kind }) => kind === "err");
  const exception = read.find(({ kind }) => kind === "exception");
  return {
    passed: read.filter(({ kind }) => kind === "ok").map(({ name }) => name),
    notListed: errors.filter(isUnknown).map(({ name }) => name),
    failed: errors
      .filter((error) => !isUnknown(error))
      .map(({ name, text: rest }) => ({ name, reason: reasonOf(rest) })),
    ended:
      exception === undefined
        ? /\bthe end\b/i.test(text)
          ? ""
          : ", not run to its end"
        : `, ended by: ${exception.name}`,
  };
}

function isUnknown({ text }: { readonly text: string }): boolean {
  return unknown.test(text);
}

function reasonOf(text: string): string {
  return text.split("\n").slice(1, 3).join(" ").slice(0, 300);
}
