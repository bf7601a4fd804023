import { recordOfDocument } from "../records/read-record.ts";
import { workflowRunKind } from "../workflow-runs/workflow-run.ts";
import { type RelatedToLog, runSummary } from "./app-log.ts";

interface Archive {
  readonly run?: Readonly<Record<string, unknown>>;
  readonly trigger?: { readonly trigger_metadata: string };
  readonly end_user?: { readonly id: string; readonly session_id: string };
  readonly account?: { readonly id: string; readonly email: string };
}

/** What `archive` of an app log's document carries. */
export function relatedOfDocument(source: Readonly<Record<string, unknown>>): RelatedToLog {
  const { run, trigger, end_user: endUser, account } = (source["archive"] ?? {}) as Archive;
  return {
    workflowRun: run === undefined ? null : runSummary(recordOfDocument(workflowRunKind, run)),
    triggerMetadata: trigger?.trigger_metadata ?? null,
    endUser: endUser === undefined ? null : { id: endUser.id, sessionId: endUser.session_id },
    account: account === undefined ? null : { id: account.id, email: account.email },
  };
}
