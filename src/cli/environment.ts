import { readFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import type { Environment } from "../config/config.ts";
import { UsageError } from "../engine/errors.ts";
import type { Host } from "./host.ts";

/**
 * The process's environment over that of the `.env` file in the working directory, or of `envFile`, which has to exist.
 * @throws UsageError when the file cannot be read
 */
export function loadEnvironment(host: Host, envFile: string | undefined): Environment {
  return {
    ...parseEnv(envText(path.resolve(host.workingDirectory, envFile ?? ".env"), envFile !== undefined)),
    ...host.env,
  };
}

function envText(file: string, required: boolean): string {
  try {
    return readFileSync(file, "utf8").replace(/^\uFEFF/, ""); // editors on Windows put a mark before the first name
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    if (missing && !required) return "";
    throw new UsageError("unreadable_env_file", `The environment file ${file} cannot be read.`, {
      cause,
      hint: "Name an existing file with --env-file, or correct its permissions.",
    });
  }
}
