import { UsageError } from "../engine/errors.ts";

/** One or more environment variables are wrong; the message lists all of them and no value. */
export class ConfigError extends UsageError {
  /** Each begins with the name of its variable. */
  constructor(problems: readonly string[]) {
    const lines = [...new Set(problems)].map((problem) => `✖ ${problem}`);
    super("invalid_configuration", `The configuration is wrong:\n${lines.join("\n")}`, {
      hint: "Correct these variables in the environment or in the .env file and run the command again.",
    });
  }
}
