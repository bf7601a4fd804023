import { UsageError } from "../engine/errors.ts";
import type { Checkpoint, Refusal } from "../engine/ports.ts";
import type { CacheKinds } from "./entries/cache-kinds.ts";
import type { CacheBatch } from "./entries/cut-batches.ts";
import type { CacheState } from "./cache-state.ts";
import type { Route, Written } from "./route.ts";
import type { WriteEnd } from "./entries/write-entries.ts";
import { advance, type MigrateProgress, noMigrateProgress } from "./migrate-progress.ts";

/** A crash repeats at most what was done in this time; saving each batch would wait for the disk each time. */
const saveMillis = 500;
const mostUnsaved = 1000;

/** The progress of a migration and the keys that failed, saved together from time to time. */
export class MigrateCheckpoint implements Checkpoint<CacheBatch, Written> {
  progress: MigrateProgress = noMigrateProgress;
  runId = "";
  private readonly route: Route;
  private readonly scope: string;
  private readonly state: CacheState;
  private unsaved: Refusal[] = [];
  private savedAt = performance.now();

  constructor(route: Route, kinds: CacheKinds, state: CacheState) {
    this.route = route;
    this.scope = `${routeName(route)} ${kinds.all.join(",")}`;
    this.state = state;
  }

  /**
   * Takes up the progress of the last run that was stopped. A source that changed its order since is read from the
   * start.
   */
  async load(): Promise<void> {
    const saved = await this.state.checkpoints.load(this.scope);
    if (saved === undefined) {
      throw new UsageError(
        "nothing_to_resume",
        "No unfinished run between these stores is known. Nothing was touched.",
        {
          hint: "Run the same command without --resume.",
        },
      );
    }
    const progress = JSON.parse(saved) as MigrateProgress;
    const fits = progress.cursor === undefined || (await this.route.source.accepts(progress.cursor));
    this.progress = fits ? progress : noMigrateProgress;
  }

  async confirm(batch: CacheBatch, receipt: Written | undefined): Promise<void> {
    const { refused, failure }: WriteEnd = receipt ?? { refused: [] };
    this.progress = advance(this.progress, batch, { refused, failure });
    this.unsaved.push(...refused);
    if (this.unsaved.length >= mostUnsaved || performance.now() - this.savedAt >= saveMillis) await this.save();
  }

  /** The failed keys first: one that is sent again does no harm, one that is forgotten would be lost. */
  async save(): Promise<void> {
    const refused = this.unsaved;
    this.unsaved = [];
    await this.state.errors.save(routeName(this.route), this.runId, refused);
    await this.state.checkpoints.save(this.scope, JSON.stringify(this.progress));
    this.savedAt = performance.now();
  }

  async forget(): Promise<void> {
    await this.state.checkpoints.forget(this.scope);
  }
}

/** How the scopes of all record errors of this pipeline begin. */
export const cacheScopes = "llm-cache ";

/** The scope of failed keys. */
export function routeName({ source, target }: Route): string {
  return `${cacheScopes}${source.identity} -> ${target.identity}`;
}
