import { isUtf8 } from "node:buffer";
import { type FileHandle, mkdir, open, readdir, realpath, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { AppError } from "../../engine/errors.ts";
import type { Refusal } from "../../engine/ports.ts";
import { BytesEntry, type CacheEntry, parseRecord, unreadable } from "../entries/cache-entry.ts";
import type { CacheKind, CacheKinds } from "../entries/cache-kinds.ts";
import { type KvStore, type Page, pageBytes, pageEntries } from "../kv-store.ts";
import { takeEntries } from "../entries/take-entries.ts";
import { cacheNamespace, type JsonSettings } from "../store-settings.ts";
import { mergeFile } from "./merge-file.ts";
import { type FoundEntry, placeAfter, scanEntries, type ScanPlace } from "./scan-entries.ts";
import { Spool } from "./spool.ts";

const jsonFileName = `kv_store_${cacheNamespace}.json`;

/**
 * LightRAG's JsonKVStorage: one JSON object in a file, key to record. It is read as a stream, and replaced whole when
 * entries were written.
 */
export class JsonStore implements KvStore {
  readonly type = "JsonKVStorage";
  readonly workspace: string;
  readonly identity: string;
  private readonly folder: string;
  private readonly path: string;
  private spool: Spool | undefined;
  private places: Promise<Places> | undefined;

  private constructor({ workspace, folder }: JsonSettings, path: string) {
    this.workspace = workspace;
    this.folder = folder;
    this.path = path;
    this.identity = `json:${path}`;
  }

  /** The file need not be there. */
  static async open(settings: JsonSettings): Promise<JsonStore> {
    const path = resolve(settings.folder, settings.workspace, jsonFileName);
    const target = await realpath(path).catch(() => path); // a link stays one
    const found = await stat(target).catch(ifMissing);
    if (found !== undefined && !found.isFile())
      throw new AppError("json_no_file", `${target} is no file`, {
        hint: "Something else has the name of the cache file: move it away, or name another folder. Nothing was written.",
      });
    return new JsonStore(settings, target);
  }

  async count(kinds: CacheKinds, signal: AbortSignal): Promise<Map<CacheKind, number>> {
    const counts = new Map<CacheKind, number>();
    const file = await this.openFile();
    if (file === undefined) return counts;
    try {
      for await (const found of scanEntries(file, this.path, (key) => kinds.isMode(key))) {
        signal.throwIfAborted();
        const kind = kinds.of(keyOf(found));
        if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
    } finally {
      await file.close();
    }
    return counts;
  }

  async *read(kinds: CacheKinds, after: string | undefined, signal: AbortSignal): AsyncGenerator<Page> {
    const file = await this.openFile();
    if (file === undefined) return;
    try {
      const version = await versionOf(file);
      const from = after === undefined ? undefined : (JSON.parse(after) as JsonCursor).place;
      let page = new JsonPage(version);
      for await (const found of scanEntries(file, this.path, (key) => kinds.isMode(key), from)) {
        const key = keyOf(found);
        if (kinds.of(key) === undefined) continue;
        page.add(readEntry(key, found), found);
        if (!page.isFull) continue;
        yield page;
        if (signal.aborted) return;
        page = new JsonPage(version);
      }
      if (page.entries.length > 0) yield page;
      if ((await versionOf(file)) === version) return;
      throw new AppError("json_changed", `${this.path} was written to while it was read`, {
        hint: "Stop LightRAG, then run the same command again.",
      });
    } finally {
      await file.close();
    }
  }

  async accepts(cursor: string): Promise<boolean> {
    const file = await this.openFile();
    if (file === undefined) return false;
    try {
      return (JSON.parse(cursor) as JsonCursor).version === (await versionOf(file));
    } finally {
      await file.close();
    }
  }

  async get(keys: readonly string[]): Promise<CacheEntry[]> {
    const file = await this.openFile();
    if (file === undefined) return [];
    try {
      const places = await (this.places ??= this.listPlaces(file));
      const found: CacheEntry[] = [];
      for (const key of keys) {
        if (!places.has(key)) continue;
        const next = await scanEntries(file, this.path, mayBeMode, places.get(key)).next();
        if (next.done !== true) found.push(readEntry(key, next.value));
      }
      return found;
    } finally {
      await file.close();
    }
  }

  async prepare(goesOn: boolean): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    this.spool = await Spool.open(`${this.path}.migrating`, goesOn);
  }

  async write(entries: readonly CacheEntry[]): Promise<readonly Refusal[]> {
    const indented: CacheEntry[] = [];
    const refused = takeEntries(entries, ({ key, text }) => {
      indented.push({ key, text: JSON.stringify(parseRecord(text), undefined, 2) });
      return undefined;
    });
    this.spool!.add(indented);
    return refused;
  }

  async persist(): Promise<void> {
    if (!this.spool!.isEmpty) await mergeFile(this.path, this.spool!);
    await this.spool!.remove();
    this.spool = undefined;
  }

  async workspaces(): Promise<string[]> {
    const members = await readdir(this.folder, { withFileTypes: true }).catch(ifMissing);
    const names = ["", ...(members ?? []).flatMap((member) => (member.isDirectory() ? member.name : []))];
    const found = await Promise.all(
      names.map((name) => stat(join(this.folder, name, jsonFileName)).catch(() => undefined)),
    );
    return names.filter((_name, at) => found[at]?.isFile() === true);
  }

  async close(): Promise<void> {
    this.spool?.close();
  }

  private async openFile(): Promise<FileHandle | undefined> {
    return open(this.path, "r").catch(ifMissing);
  }

  /** Where each entry's member begins: behind the one before it. */
  private async listPlaces(file: FileHandle): Promise<Places> {
    const places = new Map<string, ScanPlace | undefined>();
    let before: ScanPlace | undefined;
    for await (const found of scanEntries(file, this.path, mayBeMode)) {
      const after = placeAfter(found);
      places.set(keyOf(found), before);
      before = after;
    }
    return places;
  }
}

/** Where the member before each entry ends; undefined for the first. */
type Places = Map<string, ScanPlace | undefined>;

function mayBeMode(name: string): boolean {
  return !name.includes(":");
}

interface JsonCursor {
  readonly version: string;
  readonly place: ScanPlace;
}

class JsonPage implements Page {
  readonly entries: CacheEntry[] = [];
  private readonly places: ScanPlace[] = [];
  private readonly version: string;
  private bytes = 0;

  constructor(version: string) {
    this.version = version;
  }

  add(entry: CacheEntry, found: FoundEntry): void {
    this.entries.push(entry);
    this.places.push(placeAfter(found));
    this.bytes += found.value.length;
  }

  get isFull(): boolean {
    return this.entries.length >= pageEntries || this.bytes >= pageBytes;
  }

  cursorAfter(index: number): string {
    const cursor: JsonCursor = { version: this.version, place: this.places[index]! };
    return JSON.stringify(cursor);
  }
}

/** Old versions kept an object for each mode, hash to record: the key that LightRAG gives it when it reads the file. */
function keyOf({ key, value, mode }: FoundEntry): string {
  if (mode === undefined) return key;
  let type: unknown;
  try {
    type = (JSON.parse(value.toString()) as { cache_type?: unknown }).cache_type;
  } catch {
    // Read as an entry below, where it is refused.
  }
  return `${mode}:${typeof type === "string" ? type : "extract"}:${key}`;
}

function readEntry(key: string, { value }: FoundEntry): CacheEntry {
  return isUtf8(value) ? new BytesEntry(key, value) : unreadable(key, "InvalidTextError", "its bytes are no UTF-8");
}

async function versionOf(file: FileHandle): Promise<string> {
  const { dev, ino, size, mtimeNs } = await file.stat({ bigint: true });
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
