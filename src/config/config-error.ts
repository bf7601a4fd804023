import { UsageError } from "../engine/errors.ts";

/** One or more environment variables are wrong; the message lists all of them and no value. */
export class ConfigError extends UsageError {
  constructor(problems: string) {
    super("invalid_configuration", `The configuration is wrong:\n${problems}`, {
      hint: "Correct these variables in the environment or in the .env file and run the command again.",
    });
  }
}
