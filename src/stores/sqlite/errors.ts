import { AppError } from "../../engine/errors.ts";

/** Primary result codes: https://www.sqlite.org/rescode.html. The extended ones have them in their lowest byte. */
const code = { busy: 5, readonly: 8, io: 10, corrupt: 11, full: 13, cantOpen: 14, notADatabase: 26 } as const;

const resume = "Then run the same command again: it goes on where it was.";

const meanings: Readonly<Record<number, { code: string; hint: string }>> = {
  [code.busy]: {
    code: "state_file_busy",
    hint: `Another process holds the file: one that was suspended, or a tool that has it open. End that. ${resume}`,
  },
  [code.readonly]: { code: "state_file_read_only", hint: "Give this user the right to write the file and its folder." },
  [code.io]: { code: "state_file_disk", hint: `Look at the disk the file is on; it has to be a local one. ${resume}` },
  [code.corrupt]: {
    code: "state_file_damaged",
    hint: "Put the file aside, or name another with STATE_FILE: runs then begin at their start, and write again what is there already.",
  },
  [code.full]: { code: "state_file_disk_full", hint: `Free space on the disk of the file. ${resume}` },
  [code.cantOpen]: { code: "state_file", hint: "Give this user the right to read and write the file and its folder." },
  [code.notADatabase]: { code: "not_a_state_file", hint: "Name another file with STATE_FILE. Nothing was changed." },
};

function resultCode(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: number };
  return error instanceof Error && errcode !== undefined ? errcode & 0xff : undefined;
}

/** Whether another process, or another connection of this one, holds a lock that was needed. */
export function isBusy(error: unknown): boolean {
  return resultCode(error) === code.busy;
}

/** One sentence and a hint for an error of SQLite; anything else as it is. */
export function describeSqliteError(error: unknown, file: string): unknown {
  const result = resultCode(error);
  if (result === undefined) return error;
  const known = meanings[result];
  return new AppError(known?.code ?? "state_file", `The state file ${file}: ${(error as Error).message}.`, {
    cause: error,
    ...(known !== undefined && { hint: known.hint }),
  });
}
