import { constants } from "node:fs";
import { access, type FileHandle, open, realpath, stat } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { AppError } from "../../engine/errors.ts";
import type { BlobStorage } from "./blob-storage.ts";

/** A folder in which the key of a blob is the path of its file. Nothing outside of it is ever read, whatever the key says or links lead to. */
export class LocalFolder implements BlobStorage {
  private readonly root: string;

  /** A relative path is taken from the working directory, as the platform does. */
  constructor(root: string) {
    this.root = resolve(root);
  }

  async load(key: string, maxBytes: number): Promise<Buffer | undefined> {
    if (!isInside(key)) return undefined;
    let file: FileHandle | undefined;
    try {
      const root = await realpath(this.root);
      const path = await realpath(resolve(root, key));
      if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
      // a link put there meanwhile is not followed, and a pipe does not make us wait
      file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const stats = await file.stat();
      return stats.isFile() ? await firstBytes(file, Math.min(stats.size, maxBytes)) : undefined;
    } catch (error) {
      if (!isAbsence(error)) throw this.unreadable(error);
      await this.check(); // without the folder every blob would look as if it were missing
      return undefined;
    } finally {
      await file?.close();
    }
  }

  async check(): Promise<void> {
    try {
      await access(this.root, constants.R_OK | constants.X_OK);
      if (!(await stat(this.root)).isDirectory()) throw new Error("it is no folder");
    } catch (error) {
      throw this.unreadable(error);
    }
  }

  private unreadable(cause: unknown): AppError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new AppError(
      "storage_unreachable",
      `The folder of offloaded contents ${this.root} cannot be read: ${reason}`,
      {
        cause,
        hint: "Set OPENDAL_FS_ROOT (STORAGE_LOCAL_PATH for STORAGE_TYPE=local) to the platform's storage folder, as a path this machine can read.",
      },
    );
  }
}

/** Whether the key is a path downwards, spelled in the one way that it can be. */
function isInside(key: string): boolean {
  return !key.includes("\0") && key.split(/[/\\]/).every((part) => part !== "" && part !== "." && part !== "..");
}

const absences = new Set(["ENOENT", "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG", "ENXIO"]);

function isAbsence(error: unknown): boolean {
  return absences.has((error as NodeJS.ErrnoException).code ?? "");
}

async function firstBytes(file: FileHandle, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
