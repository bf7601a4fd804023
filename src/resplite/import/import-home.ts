import { FileLocks } from "../../stores/sqlite/file-locks.ts";
import { operator } from "../../runs/operator.ts";
import type { RunHome } from "../../runs/run-home.ts";
import { type InitialLimits, initialLimits } from "../../runs/run-limits.ts";
import { runLockName } from "../../runs/run-locks.ts";
import type { RequestedState, RunLimits, RunRecord } from "../../runs/run-record.ts";
import type { RunEnd, RunRequest, RunStore } from "../../runs/run-store.ts";
import type { Data } from "../data/data.ts";
import { lockPrefix } from "./import-file.ts";
import { detailsOf, findRun, type ImportStatus, knownRun, setDetails, setStatus } from "./run-record.ts";

/** What works on a run of the importer. Bulk and apply-dirty may do so at the same time. */
export const importStages = ["bulk", "apply-dirty", "verify"] as const;

export type ImportStage = (typeof importStages)[number];

/** The run in the row of migration_runs: its status says what is asked of it, as in files of the original. */
export function importHome(
  data: Data,
  path: string,
  runId: string,
  stage: ImportStage,
  limits: InitialLimits,
): RunHome {
  return {
    name: path,
    runs: new ImportRunStore(data, path, runId, stage, initialLimits(limits)),
    openLocks: async () => new FileLocks(lockPrefix(path), stage),
  };
}

/** Whether a process works on this stage of the run. */
export function isAtWork(path: string, runId: string, stage: ImportStage): boolean {
  return FileLocks.isHeld(lockPrefix(path), stage, runLockName(runId));
}

const ends: Record<RunEnd["status"], ImportStatus> = {
  running: "running",
  completed: "completed",
  completed_with_errors: "completed",
  interrupted: "aborted",
  failed: "failed",
};

/** Several processes work on one run, each with limits of its own. */
export type LimitsOfStages = Partial<Record<ImportStage, RunLimits>>;

/** One run, whose id the operator has chosen and whose row is there. */
export class ImportRunStore implements RunStore {
  readonly #data: Data;
  readonly #path: string;
  readonly #runId: string;
  readonly #stage: ImportStage;
  readonly #initial: RunLimits;

  /** `initial` are the limits that a process begins with. */
  constructor(data: Data, path: string, runId: string, stage: ImportStage, initial: RunLimits = {}) {
    this.#data = data;
    this.#path = path;
    this.#runId = runId;
    this.#stage = stage;
    this.#initial = initial;
  }

  async create(): Promise<void> {
    throw new Error("Runs of the importer are made by ensureRun and reopened by each call");
  }

  async reopen(): Promise<void> {
    this.#data.transaction(() => this.#saveLimits({ ...this.#limits(), [this.#stage]: this.#initial }));
    if (this.#stage === "bulk") setStatus(this.#data.file, this.#runId, "running");
    else if (this.#status() !== "running") setStatus(this.#data.file, this.#runId, this.#restingStatus());
  }

  async readRequest(): Promise<RunRequest> {
    const status = this.#status();
    const state = status === "paused" || status === "aborted" ? status : "running";
    return { state, limits: this.#limits()[this.#stage] ?? {} };
  }

  async heartbeat(_id: string, { report, waiting }: { report: object; waiting: string | undefined }): Promise<void> {
    setDetails(this.#data.file, this.#runId, { report: JSON.stringify(report), waiting: waiting ?? null });
  }

  async finish(_id: string, { status, report, error }: RunEnd): Promise<void> {
    setDetails(this.#data.file, this.#runId, { report: JSON.stringify(report), waiting: null });
    const end = ends[status];
    const isBulk = this.#stage === "bulk";
    if (end === "failed") setStatus(this.#data.file, this.#runId, isBulk ? "failed" : this.#restingStatus(), error);
    else setStatus(this.#data.file, this.#runId, isBulk ? end : this.#restingStatus());
  }

  async request(
    _id: string,
    { state, limits = {} }: { readonly state?: RequestedState | undefined; readonly limits?: RunLimits | undefined },
  ): Promise<boolean> {
    const { file } = this.#data;
    return this.#data.transaction(() => {
      if (this.#status() === "aborted") return false;
      const ofStages = Object.entries(this.#limits()).map(([stage, known]) => [stage, { ...known, ...limits }]);
      this.#saveLimits(Object.fromEntries(ofStages) as LimitsOfStages);
      setDetails(file, this.#runId, {
        requested_at: new Date().toISOString(),
        requested_by: operator(),
      });
      if (state !== undefined) setStatus(file, this.#runId, state === "running" ? this.#restingStatus() : state);
      return true;
    });
  }

  async find(idOrStart: string): Promise<RunRecord | undefined> {
    return idOrStart === this.#runId ? this.#record() : undefined;
  }

  async list(): Promise<RunRecord[]> {
    return [this.#record()];
  }

  async isAtWork(): Promise<boolean> {
    return isAtWork(this.#path, this.#runId, this.#stage);
  }

  #limits(): LimitsOfStages {
    return JSON.parse(detailsOf(this.#data.file, this.#runId)!.limits) as LimitsOfStages;
  }

  #saveLimits(limits: LimitsOfStages): void {
    setDetails(this.#data.file, this.#runId, { limits: JSON.stringify(limits) });
  }

  #status(): ImportStatus {
    return knownRun(this.#data.file, this.#runId).status;
  }

  /** What the status is when nothing is asked of the run. */
  #restingStatus(): ImportStatus {
    if (isAtWork(this.#path, this.#runId, "bulk")) return "running";
    return detailsOf(this.#data.file, this.#runId)?.bulk_done === 1 ? "completed" : "running";
  }

  #record(): RunRecord {
    const run = findRun(this.#data.file, this.#runId)!;
    const details = detailsOf(this.#data.file, this.#runId)!;
    const alive = isAtWork(this.#path, this.#runId, this.#stage);
    const status = run.status === "paused" ? "running" : run.status === "aborted" ? "interrupted" : run.status;
    return {
      id: this.#runId,
      command: `resplite ${this.#stage}`,
      status: status === "running" && !alive ? "died" : status,
      options: { from: run.source_uri },
      report: details.report === null ? null : (JSON.parse(details.report) as Record<string, unknown>),
      error: run.last_error,
      startedAt: new Date(run.started_at).toISOString(),
      heartbeatAt: new Date(run.updated_at).toISOString(),
      finishedAt: null,
      waiting: alive ? details.waiting : null,
      limits: this.#limits()[this.#stage] ?? {},
      requested: {
        state: run.status === "paused" || run.status === "aborted" ? run.status : "running",
        at: details.requested_at,
        by: details.requested_by,
      },
    };
  }
}
