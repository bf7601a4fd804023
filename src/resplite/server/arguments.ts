import { CommandError } from "../data/errors.ts";
import { type Int64, parseInt64 } from "../data/integers.ts";

const notAnInteger = "ERR value is not an integer or out of range";

export function syntaxError(): CommandError {
  return new CommandError("ERR syntax error");
}

export function wrongNumberOfArguments(command: string): CommandError {
  return new CommandError(`ERR wrong number of arguments for '${command}' command`);
}

/** Of 64 bits. */
export function integer(bytes: Buffer): Int64 {
  const value = parseInt64(bytes);
  if (value === undefined) throw new CommandError(notAnInteger);
  return value;
}

/** For positions and counts: exact as far as a list can be long, beyond that as large. */
export function position(bytes: Buffer): number {
  return Number(integer(bytes));
}

/** How many elements LPOP and RPOP are to take. */
export function positiveCount(bytes: Buffer): number {
  const value = parseInt64(bytes);
  if (value === undefined || value < 0) throw new CommandError("ERR value is out of range, must be positive");
  return Number(value);
}

/** A word of a command's syntax. */
export function keyword(bytes: Buffer): string {
  return bytes.length > 32 ? "" : bytes.toString("latin1").toUpperCase();
}
