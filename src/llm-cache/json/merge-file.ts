import { chown, chmod, type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { AppError } from "../../engine/errors.ts";
import { scanEntries } from "./scan-entries.ts";
import type { Spool } from "./spool.ts";
import { syncFolder } from "./sync-folder.ts";

/**
 * Puts the spool's entries into the file at `path`, over those of the same keys; all else in it stays, byte for byte.
 * The file is replaced whole or not at all, whenever the process or the machine dies. When another program writes to
 * the file meanwhile, it is read again.
 */
export async function mergeFile(path: string, spool: Spool): Promise<void> {
  for (let tries = 1; ; tries++) {
    const before = await stat(path, { bigint: true }).catch(ifMissing);
    await writeMerged(path, spool, before !== undefined).catch(async (error: unknown) => {
      await rm(newFile(path), { force: true }); // it may be what filled the disk
      throw error;
    });
    const after = await stat(path, { bigint: true }).catch(ifMissing);
    if (before?.mtimeNs === after?.mtimeNs && before?.size === after?.size && before?.ino === after?.ino) break;
    if (tries === 3) {
      throw new AppError(
        "json_store_in_use",
        `${path} was written by another program three times while it was merged`,
        {
          hint: "Stop LightRAG, then run the same command with --resume.",
        },
      );
    }
  }
  await rename(newFile(path), path);
  await syncFolder(dirname(path));
}

/** The spool is locked, so no other process writes this file. */
function newFile(path: string): string {
  return `${path}.new`;
}

async function writeMerged(path: string, spool: Spool, isThere: boolean): Promise<void> {
  const file = await open(newFile(path), "w");
  spool.beginPlacing();
  try {
    const output = new ObjectWriter(file);
    if (isThere) {
      await copyMode(path, newFile(path));
      await copyEntries(path, spool, output);
    }
    for (const { key, text } of spool.rest()) await output.member(key, indented(text));
    await output.end();
    await file.sync();
  } finally {
    spool.endPlacing();
    await file.close();
  }
}

async function copyEntries(path: string, spool: Spool, output: ObjectWriter): Promise<void> {
  const old = await open(path, "r");
  try {
    for await (const { key, value } of scanEntries(old, path, () => false)) {
      const replaced = spool.take(key);
      await output.member(key, replaced === undefined ? value : indented(replaced));
    }
  } finally {
    await old.close();
  }
}

/** Who owned the file and could read it still can. */
async function copyMode(from: string, to: string): Promise<void> {
  const { mode, uid, gid } = await stat(from);
  await chmod(to, mode);
  await chown(to, uid, gid).catch(() => {}); // only root may give files away
}

const chunkBytes = 1_048_576;

/** One JSON object, written as Python's json.dump with indent 2 writes it. */
class ObjectWriter {
  private readonly file: FileHandle;
  private chunks: Buffer[] = [];
  private length = 0;
  private members = 0;

  constructor(file: FileHandle) {
    this.file = file;
  }

  async member(name: string, value: string | Buffer): Promise<void> {
    this.push(`${this.members++ === 0 ? "{" : ","}\n  ${JSON.stringify(name)}: `);
    this.push(value);
    if (this.length >= chunkBytes) await this.flush();
    else if (this.members % 1000 === 0) await turn(); // the spool is read synchronously
  }

  async end(): Promise<void> {
    this.push(this.members === 0 ? "{}" : "\n}");
    await this.flush();
  }

  private push(piece: string | Buffer): void {
    const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
    this.chunks.push(bytes);
    this.length += bytes.length;
  }

  private async flush(): Promise<void> {
    await this.file.writeFile(Buffer.concat(this.chunks)); // behind what is there, and whole: writev may write less
    this.chunks = [];
    this.length = 0;
  }
}

/** A value behind its member's name: lines further in by the object's indent. Strings of JSON hold no line breaks. */
function indented(text: string): string {
  return text.replaceAll("\n", "\n  ");
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
