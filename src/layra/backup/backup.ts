import { UsageError } from "../../engine/errors.ts";
import type { Receipt } from "../../engine/ports.ts";
import { sparing } from "../../engine/sparing.ts";
import { transfer } from "../../engine/transfer.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import { inRun, type Run } from "../../runs/run.ts";
import type { RunHome } from "../../runs/run-home.ts";
import type { StoreName, Stores } from "../stores.ts";
import type { RecordBatch, StoreAdapter } from "./adapter.ts";
import { openAdapter, storesToBackUp } from "./adapters/open-adapter.ts";
import { danglingIn } from "./dangling.ts";
import { Digest, packed, sha256 } from "./frames.ts";
import {
  backupIds,
  damaged,
  type Dangling,
  isComplete,
  loadProgress,
  type Manifest,
  newId,
  type OpenSection,
  type Part,
  type Progress,
  saveManifest,
  saveProgress,
  timeOf,
} from "./manifest.ts";
import type { BackupPlace } from "./place.ts";
import { forgetOld, type KeepRule } from "./retention.ts";
import { verifyBackup } from "./verify.ts";

export interface BackupOptions {
  /** These stores alone; empty means all that are configured. */
  readonly only?: readonly StoreName[];
  /** Begin a new one, though an unfinished one is there. */
  readonly restart?: boolean;
  readonly dryRun?: boolean;
  /** Afterwards older backups that no rule keeps are deleted. */
  readonly keep?: readonly KeepRule[] | undefined;
  readonly concurrency?: number;
  readonly bytesPerSecond?: number | undefined;
}

export interface BackupWatch {
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
}

export interface SectionReport {
  readonly store: StoreName;
  readonly name: string;
  readonly records: number;
  readonly parts: number;
  readonly bytes: number;
}

export interface BackupReport {
  readonly status: "completed" | "completed_with_errors" | "interrupted" | "dry_run";
  readonly id: string;
  readonly place: string;
  /** It went on with one that was begun before. */
  readonly resumed: boolean;
  readonly sections: readonly SectionReport[];
  readonly totals: { readonly records: number; readonly bytes: number };
  readonly dangling: { readonly total: number; readonly first: readonly Dangling[] };
  /** Ids of backups that were deleted. */
  readonly forgotten: readonly string[];
}

interface PartReceipt extends Receipt {
  readonly part: Part | undefined;
}

type NumberedBatch = RecordBatch & { readonly number: number };

/** One that was stopped longer ago would hold stores of times too far apart. */
const resumableMillis = 24 * 3600 * 1000;
/** A crash repeats at most what was written in this time. */
const often = { records: Number.POSITIVE_INFINITY, seconds: 1 };
const none = { total: 0, first: [] };

/**
 * Backs the stores up, one after the other, into a folder of `place` that is named by the time. A backup is there when
 * its manifest is, which comes last. One that was stopped or killed goes on where it was when the same is asked for
 * again within a day.
 * @throws UsageError when another backup works on the same place
 */
export async function backup(
  stores: Stores,
  place: BackupPlace,
  home: RunHome,
  options: BackupOptions,
  watch: BackupWatch,
): Promise<BackupReport> {
  const names = storesToBackUp(stores, options.only ?? []);
  const adapters: StoreAdapter[] = [];
  for (const name of names) adapters.push(await openAdapter(stores, name));
  if (options.dryRun === true) return dryRun(place, adapters);
  const of = adapters.map(({ identity }) => identity).join(" ");
  const found = options.restart === true ? undefined : await unfinished(place, names, of);
  const now = new Date();
  const progress: Progress = found ?? {
    format: 1,
    id: newId(now),
    startedAt: now.toISOString(),
    stores: names,
    of,
    listed: [],
    sections: [],
  };
  let [dangling, forgotten]: [Manifest["dangling"], readonly string[]] = [none, []];
  const report = (status: BackupReport["status"]): BackupReport => ({
    status,
    id: progress.id,
    place: place.name,
    resumed: found !== undefined,
    ...sectionsOf(progress),
    dangling,
    forgotten,
  });
  const status = await inRun(
    home,
    {
      command: "stores backup",
      options: { stores: names, to: place.name },
      limits: { batchRows: 1000, concurrency: options.concurrency ?? 4, bytesPerSecond: options.bytesPerSecond },
      report: () => report("completed"),
    },
    watch,
    async (run) => {
      await lockPlace(run, place);
      for (const adapter of adapters) {
        if ((await backUpStore(adapter, place, progress, run, watch.progress)) === "interrupted") return "interrupted";
      }
      const manifest = manifestOf(progress);
      dangling = await danglingIn(place, manifest);
      await saveManifest(place, { ...manifest, dangling });
      if (options.keep !== undefined) {
        const { status: state, damage } = await verifyBackup(place, progress.id, run.signal);
        if (state === "damaged") throw damaged(`${damage.first[0]}; no older one was deleted`);
        forgotten = await forgetOld(place, options.keep, progress.id);
      }
      return dangling.total > 0 ? "completed_with_errors" : "completed";
    },
  );
  return report(status);
}

/** @throws UsageError */
export async function lockPlace(run: Run, place: BackupPlace): Promise<void> {
  if (await run.locks.tryLock(`stores backup ${place.name}`)) return;
  throw new UsageError("place_busy", `Another run is at work in ${place.name}. Nothing was touched.`, {
    hint: "app runs list shows the runs. Wait for it, or stop it with app runs abort.",
  });
}

/** The newest backup of the same stores, when it was not finished and is young enough. */
async function unfinished(place: BackupPlace, names: readonly StoreName[], of: string): Promise<Progress | undefined> {
  const [newest] = await backupIds(place);
  if (newest === undefined || Date.now() - timeOf(newest).getTime() > resumableMillis) return undefined;
  if (await isComplete(place, newest)) return undefined;
  const progress = await loadProgress(place, newest);
  return progress?.of === of && progress.stores.join() === names.join() ? progress : undefined;
}

async function backUpStore(
  adapter: StoreAdapter,
  place: BackupPlace,
  progress: Progress,
  run: Run,
  shown: ProgressSink,
): Promise<"completed" | "interrupted"> {
  const { store } = adapter;
  if (!progress.listed.includes(store)) {
    for (const [at, { name, schema }] of (await adapter.sections()).entries()) {
      const folder = `${store}/${String(at + 1).padStart(4, "0")}-${name.replace(/[^\w.-]/g, "_").slice(0, 80)}`;
      progress.sections.push({ store, name, schema, folder, parts: [], cursor: undefined, done: false });
    }
    progress.listed.push(store);
    await saveProgress(place, progress);
  }
  for (const section of progress.sections.filter((one) => one.store === store && !one.done)) {
    const end = await backUpSection(adapter, section, place, progress, run, shown);
    if (end === "interrupted") return end;
    section.done = true;
    await saveProgress(place, progress);
  }
  return "completed";
}

/** The data path: batches of records, several packed and stored at once, noted in order. */
async function backUpSection(
  adapter: StoreAdapter,
  section: OpenSection,
  place: BackupPlace,
  progress: Progress,
  run: Run,
  shown: ProgressSink,
): Promise<"completed" | "interrupted"> {
  if (section.cursor === undefined || !(await adapter.accepts(section, section.cursor))) {
    section.parts = []; // its files are written over
    section.cursor = undefined;
  }
  const key = `${section.store} ${section.name}`;
  shown.partitionStarted(key, key, 0, 0);
  const first = section.parts.length;
  async function* batches(signal: AbortSignal): AsyncGenerator<NumberedBatch> {
    let number = first;
    for await (const batch of adapter.read(section, section.cursor, signal)) yield { ...batch, number: ++number };
  }
  const end = await transfer<NumberedBatch, PartReceipt>(
    {
      source: { batches },
      sink: {
        write: async (batch, signal) => {
          const records = await batch.load(signal);
          const part = await storePart(adapter, section, place, progress.id, batch.number, records);
          if (batch.bytes === 0) run.pacing.charge(part.bytes);
          return { written: records.length, refused: [], part };
        },
      },
      checkpoint: sparing(
        {
          note: ({ cursor }, receipt) => {
            if (receipt?.part !== undefined) section.parts.push(receipt.part);
            section.cursor = cursor;
          },
          save: () => saveProgress(place, progress),
        },
        often,
      ),
      pacing: run.pacing,
      onConfirmed: (_, receipt) => shown.advanced(key, receipt?.written ?? 0, receipt?.part?.bytes ?? 0),
    },
    run.signal,
  );
  shown.partitionFinished(key);
  return end;
}

async function storePart(
  adapter: StoreAdapter,
  section: OpenSection,
  place: BackupPlace,
  id: string,
  number: number,
  records: readonly Uint8Array[],
): Promise<Part> {
  const digest = new Digest();
  if (adapter.compare === undefined) for (const record of records) digest.add(adapter.content(section, record));
  const content = await packed(records);
  const file = `${section.folder}/${String(number).padStart(8, "0")}.gz`;
  await place.store(`${id}/${file}`, content);
  return { file, records: records.length, bytes: content.length, sha256: sha256(content), digest: digest.toString() };
}

function manifestOf({ id, startedAt, stores, sections }: Progress): Manifest {
  return {
    format: 1,
    id,
    startedAt,
    finishedAt: new Date().toISOString(),
    stores,
    sections: sections.map(({ store, name, schema, parts }) => {
      const digest = new Digest();
      for (const part of parts) digest.addDigest(part.digest);
      const records = parts.reduce((sum, part) => sum + part.records, 0);
      return { store, name, schema, records, digest: digest.toString(), parts };
    }),
    dangling: none,
  };
}

function sectionsOf({ sections }: Progress): Pick<BackupReport, "sections" | "totals"> {
  const reports = sections.map(({ store, name, parts }) => ({
    store,
    name,
    records: parts.reduce((sum, { records }) => sum + records, 0),
    parts: parts.length,
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
  }));
  const total = (field: "records" | "bytes"): number => reports.reduce((sum, one) => sum + one[field], 0);
  return { sections: reports, totals: { records: total("records"), bytes: total("bytes") } };
}

/** What there is to be backed up; nothing is written. */
async function dryRun(place: BackupPlace, adapters: readonly StoreAdapter[]): Promise<BackupReport> {
  const sections: SectionReport[] = [];
  for (const adapter of adapters)
    for (const section of await adapter.sections())
      sections.push({
        store: adapter.store,
        name: section.name,
        records: await adapter.count(section),
        parts: 0,
        bytes: 0,
      });
  const records = sections.reduce((sum, one) => sum + one.records, 0);
  return {
    status: "dry_run",
    id: "",
    place: place.name,
    resumed: false,
    sections,
    totals: { records, bytes: 0 },
    dangling: none,
    forgotten: [],
  };
}
