/** Refused for what the command asks; nothing was changed by it. The message is Redis' own, with its first word. */
export class CommandError extends Error {}

export function wrongType(): CommandError {
  return new CommandError("WRONGTYPE Operation against a key holding the wrong kind of value");
}
