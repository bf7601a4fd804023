import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../engine/errors.ts";
import type { S3Objects } from "../../stores/blobs/s3-objects.ts";

/**
 * Port: where backups lie, as files under relative names with `/`. A file that was stored is there whole and for good,
 * or not at all.
 */
export interface BackupPlace {
  /** Names it in messages, and tells it from others. */
  readonly name: string;
  store(file: string, content: Uint8Array): Promise<void>;
  /** Undefined where there is no such file. */
  load(file: string): Promise<Buffer | undefined>;
  /** The names of folders directly in the place. */
  folders(): Promise<string[]>;
  /** Deletes a folder with all that is in it; the file `last` of it goes first. */
  deleteFolder(folder: string, first: string): Promise<void>;
}

/** A folder of this machine, for this user alone: a backup holds keys and tokens. */
export function folderPlace(root: string): BackupPlace {
  const of = (file: string): string => path.join(root, file);
  return {
    name: root,
    async store(file, content) {
      const target = of(file);
      const unfinished = path.join(path.dirname(target), `.${randomUUID()}`);
      try {
        await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
        const handle = await open(unfinished, "wx", 0o600);
        try {
          await handle.writeFile(content);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(unfinished, target);
        await syncFolder(path.dirname(target));
      } catch (cause) {
        await rm(unfinished, { force: true }).catch(() => {});
        throw new AppError("backup_not_writable", `${target} cannot be written: ${(cause as Error).message}`, {
          cause,
          hint: "Make room, or correct the permissions, and run the same command again: it goes on where it was.",
        });
      }
    },
    async load(file) {
      try {
        return await readFile(of(file));
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw new AppError("backup_not_readable", `${of(file)} cannot be read: ${(cause as Error).message}`, {
          hint: "Look whether the place of the backups can be reached and may be read. Nothing was changed.",
          cause,
        });
      }
    },
    async folders() {
      try {
        const entries = await readdir(root, { withFileTypes: true });
        return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
        throw new AppError("backup_not_readable", `${root} cannot be read: ${(cause as Error).message}`, {
          hint: "Look whether the place of the backups can be reached and may be read. Nothing was changed.",
          cause,
        });
      }
    },
    async deleteFolder(folder, first) {
      await rm(path.join(of(folder), first), { force: true });
      await rm(of(folder), { recursive: true, force: true });
    },
  };
}

/** The name of a new file is durable when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A bucket, below a prefix. */
export function bucketPlace(objects: S3Objects, prefix: string): BackupPlace {
  const start = prefix === "" ? "" : `${prefix.replace(/\/+$/, "")}/`;
  return {
    name: `${objects.url}/${start}`,
    store: (file, content) => objects.put(`${start}${file}`, content),
    load: async (file) => (await objects.get(`${start}${file}`))?.content,
    async folders() {
      const found = new Set<string>();
      for await (const { key } of objects.all(start)) {
        const [folder, ...rest] = key.slice(start.length).split("/");
        if (rest.length > 0) found.add(folder!);
      }
      return [...found];
    },
    async deleteFolder(folder, first) {
      await objects.deleteMany([`${start}${folder}/${first}`]);
      const keys: string[] = [];
      for await (const { key } of objects.all(`${start}${folder}/`)) keys.push(key);
      await objects.deleteMany(keys);
    },
  };
}
