import { DatabaseSync } from "./database-sync.ts";
import { AppError } from "../../engine/errors.ts";
import { pragmaStatements, type PragmaTemplate } from "./pragmas.ts";

export interface SqliteFileOptions {
  readonly template?: PragmaTemplate;
  /** Other processes are to have the file too: a template's exclusive lock is left out. */
  readonly shared?: boolean;
  /** Fails when the file is not there, and on every write. */
  readonly readOnly?: boolean;
}

/**
 * Opens the SQLite file, which is made when it is not there, with foreign keys enforced whatever the template says.
 * @throws AppError sqlite_unusable, which says why; nothing was changed
 */
export function openSqliteFile(path: string, options: SqliteFileOptions = {}): DatabaseSync {
  const { template = "default", shared = false, readOnly = false } = options;
  let file: DatabaseSync | undefined;
  try {
    file = new DatabaseSync(path, { readOnly });
    file.prepare("SELECT count(*) FROM sqlite_schema").get(); // before any pragma: reads whether it is SQLite's at all
    if (!readOnly) for (const statement of pragmaStatements(template, { shared })) file.exec(statement);
    return file;
  } catch (error) {
    if (file?.isOpen) file.close();
    throw unusable(path, error);
  }
}

/** Result codes: https://www.sqlite.org/rescode.html */
const hints: Record<number, string> = {
  5: "Another process holds it, perhaps a server with the template `performance`, which keeps all others out. Stop that one first.",
  8: "Give this user the right to write to the file and its folder.",
  11: "Take a backup, or save what can be read with `sqlite3 FILE .recover`.",
  14: "Make its folder, or give this user the right to use it.",
  26: "It was left as it is. Name another file.",
};

const otherHint = "Look at the disk and at the file's rights, or name another file. Nothing was changed.";

function unusable(path: string, error: unknown): AppError {
  const { errcode, message } = error as { errcode?: number; message: string };
  const hint = hints[(errcode ?? 0) & 0xff] ?? otherHint;
  return new AppError("sqlite_unusable", `The SQLite file ${path} cannot be used: ${message}`, {
    cause: error,
    hint,
  });
}
