import type { CheckpointStore } from "../../src/runs/checkpoint-store.ts";
import { type RecordError, type RecordErrors, shortReason } from "../../src/runs/record-errors.ts";
import type { RunHome } from "../../src/runs/run-home.ts";
import { type RunLocks, runLockName } from "../../src/runs/run-locks.ts";
import type { RunRecord } from "../../src/runs/run-record.ts";
import type { RunEnd, RunStore } from "../../src/runs/run-store.ts";

/**
 * A home in memory, for tests that are not about one; it keeps the same contract as the others (test/contract/runs).
 */
export function memoryHome(): RunHome {
  const holders = new Map<string, object>();
  return { name: "memory", runs: memoryRuns(holders), openLocks: async () => memoryLocks(holders) };
}

function memoryLocks(holders: Map<string, object>): RunLocks {
  const self = {};
  return {
    lost: new AbortController().signal,
    tryLock: async (name) => {
      if (holders.has(name)) return false;
      holders.set(name, self);
      return true;
    },
    unlock: async (name) => {
      if (holders.get(name) === self) holders.delete(name);
    },
    close: () => {
      for (const [name, holder] of holders) if (holder === self) holders.delete(name);
    },
  };
}

function memoryRuns(holders: ReadonlyMap<string, object>): RunStore {
  const stored = new Map<string, RunRecord>();
  const change = (id: string, fields: Partial<RunRecord>): void => {
    const run = stored.get(id);
    if (run !== undefined) stored.set(id, { ...run, ...structuredClone(fields), heartbeatAt: now() });
  };
  const shown = (run: RunRecord): RunRecord => {
    const hasDied = run.status === "running" && !holders.has(runLockName(run.id));
    return structuredClone(hasDied ? { ...run, status: "died", waiting: null } : run);
  };
  return {
    create: async ({ id, command, options, limits }) => {
      const fresh = { status: "running", report: null, error: null, waiting: null, finishedAt: null } as const;
      const requested = { state: "running", at: null, by: null } as const;
      const run = {
        ...fresh,
        id,
        command,
        limits,
        requested,
        options: { ...options },
        startedAt: now(),
        heartbeatAt: now(),
      };
      stored.set(id, structuredClone(run));
    },
    reopen: async (id) => change(id, { status: "running", error: null, finishedAt: null }),
    readRequest: async (id) => {
      const run = stored.get(id);
      if (run === undefined) throw new Error(`There is no run ${id}`);
      return structuredClone({ state: run.requested.state, limits: run.limits! });
    },
    heartbeat: async (id, { report, waiting }) => change(id, { report: { ...report }, waiting: waiting ?? null }),
    finish: async (id, { status, report, error }: RunEnd) =>
      change(id, { status, report: { ...report }, error: error ?? null, waiting: null, finishedAt: now() }),
    request: async (id, { state, limits }) => {
      const run = stored.get(id);
      if (run === undefined || run.status !== "running" || run.requested.state === "aborted") return false;
      change(id, {
        limits: { ...run.limits, ...limits },
        requested: { state: state ?? run.requested.state, at: now(), by: "memory" },
      });
      return true;
    },
    find: async (idOrStart) => {
      const found = [...stored.values()].filter(({ id }) => id.startsWith(idOrStart.toLowerCase()));
      return found.length === 1 ? shown(found[0]!) : undefined;
    },
    list: async (limit) => [...stored.values()].toReversed().slice(0, limit).map(shown),
    isAtWork: async (commands, exceptId) =>
      [...stored.values()].some(
        (run) => run.id !== exceptId && commands.includes(run.command) && shown(run).status === "running",
      ),
  };
}

export function memoryCheckpoints(): CheckpointStore {
  const cursors = new Map<string, string>();
  return {
    load: async (scope) => cursors.get(scope),
    save: async (scope, cursor) => void cursors.set(scope, cursor),
    forget: async (scope) => void cursors.delete(scope),
  };
}

type MemoryError = RecordError & { readonly scope: string; readonly runId: string };
export type MemoryFilter = Partial<Pick<MemoryError, "scope" | "runId">>;

export function memoryRecordErrors(): RecordErrors<string, MemoryFilter, MemoryError> {
  const stored = new Map<string, MemoryError>();
  const keyOf = (scope: string, id: string): string => JSON.stringify([scope, id]);
  const chosen = ({ scope, runId }: MemoryFilter): [string, MemoryError][] =>
    [...stored]
      .filter(([, one]) => (scope ?? one.scope) === one.scope && (runId ?? one.runId) === one.runId)
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    save: async (scope, runId, refused) => {
      for (const { id, type, reason } of refused) {
        const attempts = (stored.get(keyOf(scope, id))?.attempts ?? 0) + 1;
        const error = { scope, runId, id, type, reason: shortReason(reason), attempts, lastSeenAt: now() };
        stored.set(keyOf(scope, id), error);
      }
    },
    list: async (filter, limit, after) =>
      chosen(filter)
        .filter(([key]) => after === undefined || key > keyOf(after.scope, after.id))
        .slice(0, limit)
        .map(([, error]) => error),
    forget: async (scope, ids) => {
      for (const id of ids) stored.delete(keyOf(scope, id));
    },
    discard: async (filter) => chosen(filter).filter(([key]) => stored.delete(key)).length,
    countByType: async (filter) => {
      const counts: Record<string, number> = {};
      for (const [, { type }] of chosen(filter)) counts[type] = (counts[type] ?? 0) + 1;
      return counts;
    },
  };
}

function now(): string {
  return new Date().toISOString();
}
