import { homedir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { value } from "../values.ts";

/** Where pipelines without a PostgreSQL keep their runs, as an absolute path. */
export const stateFile = z
  .object({
    STATE_FILE: value("the path of a file; an absolute one where the working directory was deleted", absolute)
      .optional()
      .describe(
        "runs, checkpoints and record errors of pipelines without a PostgreSQL, on a local disk; `log-archive/state.db` in `$XDG_STATE_HOME` or `~/.local/state` when not given",
      ),
    XDG_STATE_HOME: z.string().default(""),
    HOME: z.string().optional(),
  })
  .transform((given) => given.STATE_FILE ?? defaultStateFile(given.XDG_STATE_HOME, given.HOME));

function absolute(file: string): string | undefined {
  try {
    return path.resolve(file);
  } catch {
    return undefined;
  }
}

/**
 * In the user's state folder: https://specifications.freedesktop.org/basedir-spec/latest/, which has a relative
 * XDG_STATE_HOME ignored.
 */
function defaultStateFile(stateHome: string, home: string | undefined): string {
  const folder = path.isAbsolute(stateHome) ? stateHome : path.join(home ?? homedir(), ".local", "state");
  return path.join(folder, "log-archive", "state.db");
}
