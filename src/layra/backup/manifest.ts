import { AppError, UsageError } from "../../engine/errors.ts";
import type { StoreName } from "../stores.ts";
import { sha256 } from "./frames.ts";
import type { BackupPlace } from "./place.ts";

/** One file of records. */
export interface Part {
  /** Below the backup's folder. */
  readonly file: string;
  readonly records: number;
  /** Of the file. */
  readonly bytes: number;
  readonly sha256: string;
  /** Of the records' contents, whatever their order (`Digest`); of none where a store is compared by record. */
  readonly digest: string;
}

/** What was backed up as one: a collection, a database of Redis, a bucket, a table. */
export interface Section {
  readonly store: StoreName;
  readonly name: string;
  /** What is needed to make it anew: options, indexes, statements. Only its store's adapter knows. */
  readonly schema: unknown;
  readonly records: number;
  readonly digest: string;
  readonly parts: readonly Part[];
}

/** A name in MongoDB without what it names. */
export interface Dangling {
  readonly store: "minio" | "milvus";
  readonly missing: string;
  readonly namedBy: string;
}

export interface Manifest {
  readonly format: 1;
  readonly id: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly stores: readonly StoreName[];
  readonly sections: readonly Section[];
  readonly dangling: { readonly total: number; readonly first: readonly Dangling[] };
}

/** A section while it is being backed up. */
export interface OpenSection {
  readonly store: StoreName;
  readonly name: string;
  readonly schema: unknown;
  readonly folder: string;
  parts: Part[];
  cursor: string | undefined;
  done: boolean;
}

/** How far an unfinished backup is. */
export interface Progress {
  readonly format: 1;
  readonly id: string;
  readonly startedAt: string;
  readonly stores: readonly StoreName[];
  /** Which servers it is of. */
  readonly of: string;
  readonly listed: StoreName[];
  readonly sections: OpenSection[];
}

const manifestFile = "manifest.json";
/** In the format of sha256sum. Written last: with it the backup is complete. */
export const sealFile = "manifest.json.sha256";
const progressFile = "progress.json";
const idPattern = /^\d{4}-\d{2}-\d{2}T\d{6}Z$/;

export async function saveProgress(place: BackupPlace, progress: Progress): Promise<void> {
  await place.store(`${progress.id}/${progressFile}`, Buffer.from(JSON.stringify(progress)));
}

export async function loadProgress(place: BackupPlace, id: string): Promise<Progress | undefined> {
  const content = await place.load(`${id}/${progressFile}`);
  if (content === undefined) return undefined;
  return parsed(content, `${place.name}/${id}/${progressFile}`) as Progress;
}

export async function saveManifest(place: BackupPlace, manifest: Manifest): Promise<void> {
  const content = Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`);
  await place.store(`${manifest.id}/${manifestFile}`, content);
  await place.store(`${manifest.id}/${sealFile}`, Buffer.from(`${sha256(content)}  ${manifestFile}\n`));
}

/** @throws AppError backup_damaged when it is not what was written, backup_incomplete when it was never finished */
export async function loadManifest(place: BackupPlace, id: string): Promise<Manifest> {
  const [content, seal] = [await place.load(`${id}/${manifestFile}`), await place.load(`${id}/${sealFile}`)];
  if (content === undefined && seal === undefined)
    throw new AppError("backup_incomplete", `The backup ${id} in ${place.name} was never finished.`, {
      hint: "Run the same backup command again: it goes on where it was.",
    });
  if (content === undefined || seal === undefined || seal.toString() !== `${sha256(content)}  ${manifestFile}\n`)
    throw damaged(`${place.name}/${id}: ${manifestFile} and ${sealFile} do not belong together`);
  const manifest = parsed(content, `${place.name}/${id}/${manifestFile}`) as Manifest;
  if (manifest.format !== 1)
    throw new AppError("backup_newer", `The backup ${id} was made by another version of this program.`, {
      hint: "Use the version that made it, or a newer one. Nothing was changed.",
    });
  return manifest;
}

export async function isComplete(place: BackupPlace, id: string): Promise<boolean> {
  return (await place.load(`${id}/${sealFile}`)) !== undefined;
}

/** The ids of backups, newest first, finished or not. */
export async function backupIds(place: BackupPlace): Promise<string[]> {
  return (await place.folders())
    .filter((name) => idPattern.test(name))
    .toSorted()
    .toReversed();
}

/** @throws UsageError where there is no finished backup, or not this one */
export async function newestBackup(place: BackupPlace, id?: string): Promise<string> {
  for (const candidate of await backupIds(place))
    if (candidate === id || (id === undefined && (await isComplete(place, candidate)))) return candidate;
  throw new UsageError(
    "no_backup",
    `There is no ${id === undefined ? "finished backup" : `backup ${id}`} in ${place.name}.`,
    { hint: "Look at the place of --to or --from; app stores backup makes one. Nothing was touched." },
  );
}

export function newId(now: Date): string {
  return `${now.toISOString().slice(0, 19).replaceAll(":", "")}Z`;
}

/** The time of an id. */
export function timeOf(id: string): Date {
  return new Date(id.replace(/T(\d\d)(\d\d)(\d\d)Z$/, "T$1:$2:$3Z"));
}

export function damaged(what: string): AppError {
  return new AppError("backup_damaged", `The backup is damaged: ${what}.`, {
    hint: "Nothing was restored from it. Take another backup, or a copy of this one.",
  });
}

function parsed(content: Buffer, file: string): unknown {
  try {
    return JSON.parse(content.toString("utf8"));
  } catch {
    throw damaged(`${file} cannot be read`);
  }
}
