import { readFileSync } from "node:fs";
import path from "node:path";
import type { Environment } from "../../config/read-sections.ts";
import { UsageError } from "../../engine/errors.ts";
import { parseEnvFile } from "./env-file.ts";
import type { Host } from "../host.ts";

/** What the program was started with, and what of the file could not be read. */
export interface LoadedEnvironment {
  readonly env: Environment;
  /** One sentence for each line of the file that is no assignment. */
  readonly remarks: readonly string[];
}

/**
 * The process's environment over that of the `.env` file in the working directory, or of `envFile`, which has to exist.
 * @throws UsageError when the file cannot be read
 */
export function loadEnvironment(host: Host, envFile: string | undefined): LoadedEnvironment {
  const file = fileOf(host.workingDirectory, envFile);
  if (file === undefined) return { env: host.env, remarks: [] };
  const { values, unreadable } = parseEnvFile(envText(file, envFile !== undefined), host.env);
  return {
    env: { ...values, ...host.env },
    remarks: unreadable.map((line) => `Line ${line} of ${file} is no assignment (NAME=value) and was left out.`),
  };
}

/** Undefined where there is no folder to look for .env in. */
function fileOf(folder: string | undefined, envFile: string | undefined): string | undefined {
  if (folder !== undefined) return path.resolve(folder, envFile ?? ".env");
  return envFile === undefined || path.isAbsolute(envFile) ? envFile : `./${envFile}`;
}

/**
 * What the file says, and nothing of the process's environment.
 * @throws UsageError when it cannot be read
 */
export function readEnvironmentFile(workingDirectory: string, file: string): Environment {
  return parseEnvFile(envText(path.resolve(workingDirectory, file), true), {}).values;
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
