import { z } from "zod";
import { anyText, value, wholeNumber } from "../values.ts";

export const hookEvents = ["start", "success", "findings", "failure", "interrupted", "throttled"] as const;
export type HookEvent = (typeof hookEvents)[number];

export interface HooksConfig {
  readonly command?: string | undefined;
  readonly url?: string | undefined;
  readonly events: readonly HookEvent[];
  readonly timeoutSeconds: number;
}

const httpUrl = value("an http or https address", (text) =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : undefined,
);

const events = value(`a comma list of ${hookEvents.join(", ")}`, (text) => {
  const named = text.split(",").map((word) => word.trim());
  const known = hookEvents.filter((event) => named.includes(event));
  return named.every((word) => (known as readonly string[]).includes(word)) ? known : undefined;
});

/** Who is told what becomes of runs. */
export const hooks = z
  .object({
    HOOK_COMMAND: anyText
      .optional()
      .describe("a shell command that gets each event of a run as JSON on its standard input, see docs/hooks.md"),
    HOOK_URL: httpUrl.optional().describe("where each event of a run is sent as JSON by POST"),
    HOOK_EVENTS: events.default([...hookEvents]).describe("which events are told; all when not given"),
    HOOK_TIMEOUT: wholeNumber(1, 300).default(10).describe("seconds that a hook may take"),
  })
  .transform((given): HooksConfig => ({
    command: given.HOOK_COMMAND,
    url: given.HOOK_URL,
    events: given.HOOK_EVENTS,
    timeoutSeconds: given.HOOK_TIMEOUT,
  }));
