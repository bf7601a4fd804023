import type { HookEvent } from "../../config/sections/hooks.ts";

/** What a hook is told, as JSON. More keys may come. */
export interface EventDocument {
  readonly event: HookEvent;
  /** One sentence, under the name by which chat programs take a message. */
  readonly text: string;
  readonly command: string;
  /** Null for a command that failed before its run began. */
  readonly runId: string | null;
  /** How the run ended; `running` at its start and while it waits. */
  readonly status: string;
  readonly time: string;
  /** Who runs it: user and machine. */
  readonly by: string;
  /** What the run's report counts; null where it ended without. */
  readonly totals: object | null;
  readonly error: string | null;
  /** Why it does not go on as fast as it can. */
  readonly waiting: string | null;
}
