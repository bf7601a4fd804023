import { AppError } from "../../engine/errors.ts";
import type { Batch, Receipt, Refusal } from "../../engine/ports.ts";
import { transfer } from "../../engine/transfer.ts";
import type { CheckpointStore } from "../../runs/checkpoint-store.ts";
import { inRun, type Run } from "../../runs/run.ts";
import type { RunHome } from "../../runs/run-home.ts";
import type { StoreName, Stores } from "../stores.ts";
import type { Comparison, StoreAdapter } from "./adapter.ts";
import { openAdapter } from "./adapters/open-adapter.ts";
import { type BackupWatch, lockPlace } from "./backup.ts";
import { compareSection } from "./compare.ts";
import { damaged, loadManifest, type Manifest, type Part, type Section } from "./manifest.ts";
import type { BackupPlace } from "./place.ts";
import { readPart } from "./read-parts.ts";
import { verifyBackup } from "./verify.ts";

export interface RestoreOptions {
  readonly only?: readonly StoreName[];
  /** Write over what is there. */
  readonly overwrite?: boolean;
  readonly dryRun?: boolean;
}

export type SectionState =
  | "restored"
  | "same"
  | "different"
  | "would_restore"
  | "would_overwrite"
  | "occupied"
  | "waiting";

export interface RestoredSection {
  readonly store: StoreName;
  readonly name: string;
  readonly state: SectionState;
  readonly written: number;
  readonly expired: number;
  readonly comparison: Comparison | undefined;
}

export interface RestoreReport {
  readonly status: "completed" | "completed_with_errors" | "interrupted" | "dry_run";
  readonly id: string;
  readonly place: string;
  readonly sections: readonly RestoredSection[];
  readonly refused: { readonly total: number; readonly first: readonly Refusal[] };
}

interface PartBatch extends Batch {
  readonly part: Part;
  readonly number: number;
}

interface PartReceipt extends Receipt {
  readonly expired: number;
}

interface Plan {
  readonly adapter: StoreAdapter;
  readonly section: Section;
  readonly scope: string;
  /** Parts that an earlier run of the same restore has written; undefined where none has begun. */
  readonly confirmed: number | undefined;
  readonly state: "empty" | "same" | "begun" | "occupied";
}

interface Tally {
  written: number;
  expired: number;
  state: SectionState;
  comparison: Comparison | undefined;
}

const mostShown = 20;

/**
 * Writes a backup into the stores, after all of it was read and found whole, and compares afterwards. Stores must be
 * empty, hold the same, or be those of a restore that was stopped, which goes on; else nothing is written, unless
 * `overwrite` is given. Records that only the stores have stay.
 * @throws AppError backup_damaged, stores_not_empty: nothing was written
 */
export async function restore(
  stores: Stores,
  place: BackupPlace,
  id: string,
  { home, checkpoints }: { readonly home: RunHome; readonly checkpoints: CheckpointStore },
  options: RestoreOptions,
  watch: BackupWatch,
): Promise<RestoreReport> {
  const verified = await verifyBackup(place, id, watch.signal);
  if (verified.status === "damaged") throw damaged(`${verified.damage.total} files: ${verified.damage.first[0]}`);
  const manifest = await loadManifest(place, id);
  const plans = await planRestore(stores, place, manifest, checkpoints, options, watch.signal);
  const tallies = new Map(plans.map((plan) => [plan, tallyOf(plan, options)]));
  const refused: Refusal[] = [];
  const report = (status: RestoreReport["status"]): RestoreReport => ({
    status,
    id,
    place: place.name,
    sections: [...tallies].map(([{ section }, tally]) => ({ store: section.store, name: section.name, ...tally })),
    refused: { total: refused.length, first: refused.slice(0, mostShown) },
  });
  if (options.dryRun === true) return report("dry_run");
  requireRoom(plans, options);
  const status = await inRun(
    home,
    {
      command: "stores restore",
      options: { from: place.name, id, stores: options.only ?? [] },
      limits: { batchRows: 1000, concurrency: 2 },
      report: () => report("completed"),
    },
    watch,
    async (run) => {
      await lockPlace(run, place);
      for (const plan of plans.filter(({ state }) => state !== "same")) {
        const end = await restoreSection(
          plan,
          place,
          id,
          checkpoints,
          run,
          watch,
          tallies.get(plan)!,
          refused,
          options,
        );
        if (end === "interrupted") return end;
      }
      for (const { adapter, section } of plans) await adapter.finish(section);
      for (const plan of plans) {
        const tally = tallies.get(plan)!;
        tally.comparison = await compareSection(plan.adapter, plan.section, place, id, run.signal);
        const { missing, different, extra } = tally.comparison;
        const isSame = missing + different + extra === 0;
        tally.state = isSame ? (plan.state === "same" ? "same" : "restored") : "different";
        if (isSame) await checkpoints.forget(plan.scope);
      }
      const isWhole = [...tallies.values()].every(({ state }) => state !== "different") && refused.length === 0;
      return isWhole ? "completed" : "completed_with_errors";
    },
  );
  return report(status);
}

/** What is there of each section. */
async function planRestore(
  stores: Stores,
  place: BackupPlace,
  manifest: Manifest,
  checkpoints: CheckpointStore,
  { only = [] }: RestoreOptions,
  signal: AbortSignal,
): Promise<Plan[]> {
  const wanted = manifest.stores.filter((store) => only.length === 0 || only.includes(store));
  const missing = only.filter((store) => !manifest.stores.includes(store));
  if (missing.length > 0)
    throw new AppError("not_in_backup", `The backup ${manifest.id} does not hold ${missing.join(", ")}.`, {
      hint: "Restore from a backup of these stores, or leave them out of --only. Nothing was restored.",
    });
  const plans: Plan[] = [];
  for (const store of wanted) {
    const adapter = await openAdapter(stores, store);
    for (const section of manifest.sections.filter((one) => one.store === store)) {
      signal.throwIfAborted();
      const scope = `stores restore ${manifest.id} -> ${adapter.identity} ${section.name}`;
      const saved = await checkpoints.load(scope);
      const confirmed = saved === undefined ? undefined : Number(saved);
      plans.push({
        adapter,
        section,
        scope,
        confirmed,
        state: await stateOf(adapter, section, place, manifest.id, confirmed, signal),
      });
    }
  }
  return plans;
}

async function stateOf(
  adapter: StoreAdapter,
  section: Section,
  place: BackupPlace,
  id: string,
  confirmed: number | undefined,
  signal: AbortSignal,
): Promise<Plan["state"]> {
  if (confirmed !== undefined) return "begun";
  if ((await adapter.count(section)) === 0) return "empty";
  const { missing, different, extra } = await compareSection(adapter, section, place, id, signal);
  return missing + different + extra === 0 ? "same" : "occupied";
}

function tallyOf({ state }: Plan, { overwrite }: RestoreOptions): Tally {
  const planned: Readonly<Record<Plan["state"], SectionState>> = {
    empty: "would_restore",
    begun: "would_restore",
    same: "same",
    occupied: overwrite === true ? "would_overwrite" : "occupied",
  };
  return { written: 0, expired: 0, state: planned[state], comparison: undefined };
}

function requireRoom(plans: readonly Plan[], { overwrite }: RestoreOptions): void {
  const occupied = plans.filter(({ state }) => state === "occupied");
  if (occupied.length === 0 || overwrite === true) return;
  const names = occupied.slice(0, 5).map(({ section }) => `${section.store} ${section.name}`);
  throw new AppError(
    "stores_not_empty",
    `${occupied.length} of the places to be restored hold something else: ${names.join(", ")}${occupied.length > 5 ? ", ..." : ""}. Nothing was written.`,
    { hint: "Restore into empty stores, leave these out with --only, or write over what is there with --overwrite." },
  );
}

/** The data path: parts of the backup, each looked at once more, several written at once, confirmed in order. */
async function restoreSection(
  { adapter, section, scope, confirmed, state }: Plan,
  place: BackupPlace,
  id: string,
  checkpoints: CheckpointStore,
  run: Run,
  { progress }: BackupWatch,
  tally: Tally,
  refused: Refusal[],
  { overwrite = false }: RestoreOptions,
): Promise<"completed" | "interrupted"> {
  const key = `${section.store} ${section.name}`;
  progress.partitionStarted(key, key, section.records, 0);
  const first = await beginAt(adapter, section, confirmed);
  if (first === 0) await adapter.prepare(section, overwrite || state === "begun");
  if (confirmed === undefined) await checkpoints.save(scope, "0");
  async function* batches(): AsyncGenerator<PartBatch> {
    for (const [at, part] of section.parts.entries())
      if (at >= first) yield { part, records: part.records, bytes: part.bytes, number: at + 1 };
  }
  const write = async (batch: PartBatch, signal: AbortSignal): Promise<PartReceipt> => {
    const records = await readPart(place, id, batch.part);
    return adapter.write(section, records, signal);
  };
  const end = await transfer<PartBatch, PartReceipt>(
    {
      source: { batches },
      sink: { write: adapter.writesAtOnce === 1 ? oneAfterTheOther(write) : write },
      checkpoint: {
        confirm: async ({ number }, receipt) => {
          tally.written += receipt?.written ?? 0;
          tally.expired += receipt?.expired ?? 0;
          refused.push(...(receipt?.refused ?? []));
          await checkpoints.save(scope, String(number));
        },
      },
      pacing: run.pacing,
      onConfirmed: ({ records, bytes }) => progress.advanced(key, records, bytes),
    },
    run.signal,
  );
  progress.partitionFinished(key);
  return end;
}

/** How many parts are written already. */
async function beginAt(adapter: StoreAdapter, section: Section, confirmed: number | undefined): Promise<number> {
  if (confirmed === undefined || confirmed === 0) return 0;
  const records = section.parts.slice(0, confirmed).reduce((sum, part) => sum + part.records, 0);
  const goesOn = await adapter.goesOn(section, records);
  if (goesOn === "from_start") return 0;
  return goesOn === "batch_done" ? confirmed + 1 : confirmed;
}

function oneAfterTheOther<B, R>(
  write: (batch: B, signal: AbortSignal) => Promise<R>,
): (batch: B, signal: AbortSignal) => Promise<R> {
  let last: Promise<unknown> = Promise.resolve();
  return (batch, signal) => {
    const mine = last.then(() => write(batch, signal));
    last = mine;
    mine.catch(() => {});
    return mine;
  };
}
