import type { Environment } from "../../config/read-sections.ts";
import type { HookEvent, HooksConfig } from "../../config/sections/hooks.ts";
import type { Log } from "../../engine/log.ts";
import { operator } from "../../runs/operator.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import type { RunStatus } from "../../runs/run-record.ts";
import type { Redact } from "../output/redact.ts";
import type { EventDocument } from "./event.ts";

// src/cli/hooks tells a command or an address what becomes of runs. It never changes what becomes of them: a hook that
// fails is a warning.

export interface Hooks {
  /** The sink that passes everything on to `sink`, and tells what runs do. */
  watch(sink: ProgressSink): ProgressSink;
  /** A command failed; told unless its run has said so. */
  failed(command: string, error: unknown): void;
  /** Resolves when everything was told, or is late. */
  settled(): Promise<void>;
}

export interface HookParts {
  readonly env: Environment;
  readonly log: Log;
  readonly redact: Redact;
}

const eventOf: Readonly<Partial<Record<RunStatus, HookEvent>>> = {
  completed: "success",
  completed_with_errors: "findings",
  failed: "failure",
  interrupted: "interrupted",
};

/** A run that waits says so once a minute at most, however often it begins to. */
const quietMillis = 60_000;

export function createHooks({ command, url, events, timeoutSeconds }: HooksConfig, parts: HookParts): Hooks {
  const { env, log, redact } = parts;
  const runs = new Map<string, { readonly command: string; throttledAt: number }>();
  let hasFailed = false;
  let told = Promise.resolve();

  const tellOne = async (kind: string, tell: Promise<void>): Promise<void> => {
    await tell.catch((error: Error) =>
      log.warn({ hook: kind, error: error.message }, "a hook failed; the run goes on"),
    );
  };
  const tellAll = async (event: EventDocument): Promise<void> => {
    const { call, post } = await import("./tell.ts");
    await Promise.all([
      command === undefined ? undefined : tellOne("HOOK_COMMAND", call({ command, timeoutSeconds }, event, env)),
      url === undefined ? undefined : tellOne("HOOK_URL", post(url, event, timeoutSeconds)),
    ]);
  };
  /** One after the other: a start is told before its end. */
  const tell = (event: HookEvent, of: string, runId: string | null, more: Partial<EventDocument>): void => {
    if (!events.includes(event) || (command === undefined && url === undefined)) return;
    const known = { status: "running", totals: null, error: null, waiting: null, ...more };
    const error = known.error === null ? null : redact(known.error).slice(0, 2000);
    const text = `log-archive: ${of}${runId === null ? "" : ` ${runId}`} ${sentence(event, known.waiting)}${error === null ? "" : `: ${error}`}`;
    const time = new Date().toISOString();
    const document = { event, text, command: of, runId, time, by: operator(), ...known, error };
    told = told.then(() => tellAll(document));
  };

  return {
    watch: (sink) => ({
      ...sink,
      runStarted(id, of) {
        runs.set(id, { command: of, throttledAt: -quietMillis });
        tell("start", of, id, {});
        sink.runStarted?.(id, of);
      },
      runWaits(id, why) {
        const run = runs.get(id);
        const now = performance.now();
        if (run !== undefined && why !== "paused" && now - run.throttledAt >= quietMillis) {
          run.throttledAt = now;
          tell("throttled", run.command, id, { waiting: why });
        }
        sink.runWaits?.(id, why);
      },
      runEnded(id, status, counts) {
        const { totals = null, error = null } = counts as { totals?: object; error?: string };
        if (status === "failed") hasFailed = true;
        tell(eventOf[status] ?? "failure", runs.get(id)?.command ?? "", id, { status, totals, error });
        runs.delete(id);
        sink.runEnded?.(id, status, counts);
      },
    }),
    failed(of, error) {
      if (hasFailed) return;
      tell("failure", of, null, { status: "failed", error: error instanceof Error ? error.message : String(error) });
    },
    settled: () => told,
  };
}

function sentence(event: HookEvent, waiting: string | null): string {
  const words = {
    start: "began",
    success: "is done",
    findings: "is done, with findings that somebody has to see",
    failure: "failed",
    interrupted: "was stopped",
    throttled: `waits: ${waiting}`,
  };
  return words[event];
}
