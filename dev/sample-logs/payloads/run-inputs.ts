import type { Pen } from "../pen.ts";
import { file } from "./json-parts.ts";

export interface RunIds {
  tenantId: string;
  appId: string;
  workflowId: string;
  runId: string;
  userId: string;
}

/** `workflow_runs.inputs`: the user's variables and the flattened `sys.` ones, whose keys hold dots. */
export function runInputs(pen: Pen, ids: RunIds, chat: boolean, bytes: number): string | null {
  if (pen.prng.chance(0.03)) return pen.nothing;
  const files = pen.prng.chance(0.08) ? `[${file(pen, ids.tenantId)}]` : "[]";
  const user = `"topic": "${pen.text(bytes / 2)}", "max_words": ${pen.prng.integer(10, 900)}, "temperature": 1.0`;
  const chatPart = chat
    ? `"sys.query": "${pen.text(bytes / 2)}", "sys.dialogue_count": ${pen.prng.integer(0, 12)}, `
    : "";
  return (
    `{${user}, ${chatPart}"sys.files": ${files}, "sys.user_id": "${ids.userId}", "sys.app_id": "${ids.appId}", ` +
    `"sys.workflow_id": "${ids.workflowId}", "sys.workflow_run_id": "${ids.runId}", ` +
    `"sys.timestamp": ${pen.prng.integer(1_700_000_000, 1_800_000_000)}}`
  );
}
