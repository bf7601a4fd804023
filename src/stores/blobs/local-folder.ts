import { constants } from "node:fs";
import { access, type FileHandle, mkdir, open, realpath, rename, rm, stat, unlink, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { basename, dirname, join, resolve, sep } from "node:path";
import { AppError } from "../../engine/errors.ts";
import type { BlobStorage } from "./blob-storage.ts";

/**
 * A folder in which the key of a blob is the path of its file. Nothing outside of it is ever touched, whatever the key
 * says or links lead to.
 */
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
      const path = await this.realPath(key);
      if (path === undefined) return undefined;
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

  async store(key: string, content: Buffer): Promise<void> {
    if (!isInside(key)) throw this.unwritable(new Error(`${key} leads out of it`));
    try {
      await this.check();
      const wanted = resolve(await realpath(this.root), key);
      await mkdir(dirname(wanted), { recursive: true });
      const folder = await this.realPath(dirname(key));
      if (folder === undefined) throw new Error(`${key} leads out of it`);
      const unfinished = join(folder, `.${randomUUID()}`);
      try {
        await writeFile(unfinished, content, { flag: "wx" });
        await rename(unfinished, join(folder, basename(wanted))); // a reader finds the whole file or none
      } finally {
        await rm(unfinished, { force: true });
      }
    } catch (error) {
      throw error instanceof AppError ? error : this.unwritable(error);
    }
  }

  async delete(key: string): Promise<void> {
    if (!isInside(key)) return;
    try {
      const path = await this.realPath(key);
      if (path !== undefined) await unlink(path);
    } catch (error) {
      if (!isAbsence(error)) throw this.unwritable(error);
      await this.check();
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

  /** Where the key leads to; undefined when that is outside of the folder. */
  private async realPath(key: string): Promise<string | undefined> {
    const root = await realpath(this.root);
    const path = await realpath(resolve(root, key));
    return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep) ? path : undefined;
  }

  private unwritable(cause: unknown): AppError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new AppError(
      "storage_not_writable",
      `A file in the folder of offloaded contents ${this.root} cannot be changed: ${reason}`,
      { cause, hint: "Give this user the right to write there, then run the same command again." },
    );
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
