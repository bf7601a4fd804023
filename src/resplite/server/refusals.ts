import { CommandError } from "../data/errors.ts";

/** Of everything that Redis has and this server does not. */
export function notSupported(): CommandError {
  return new CommandError("ERR command not supported yet");
}
