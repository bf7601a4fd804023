import { homedir } from "node:os";
import path from "node:path";

/** In the user's state folder: https://specifications.freedesktop.org/basedir-spec/latest/, which has a relative XDG_STATE_HOME ignored. */
export function defaultStateFile(env: Readonly<Record<string, string | undefined>>): string {
  const given = env["XDG_STATE_HOME"] ?? "";
  const folder = path.isAbsolute(given) ? given : path.join(env["HOME"] || homedir(), ".local", "state");
  return path.join(folder, "log-archive", "state.db");
}
