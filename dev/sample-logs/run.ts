import { uuidV4 } from "./ids.ts";
import { addAppLogs, addMessage, addPause, addTriggerLog } from "./run-companions.ts";
import { executeNodes } from "./node-sequence.ts";
import { runInputs } from "./payloads/run-inputs.ts";
import { hasEnded, pickRunStatus } from "./run-status.ts";
import type { Creator, Scene, Story } from "./story.ts";
import { formatMicros, second } from "./timestamps.ts";

const triggers = ["webhook", "schedule", "plugin"];

/** One run with everything Dify writes around it, with at most `maxNodes` node executions. */
export function tellRun(scene: Scene, maxNodes: number): Story {
  const { pen, ids, app } = scene;
  const story: Story = { rows: [], blobs: [] };
  const triggeredFrom = pickTrigger(scene);
  const creator = pickCreator(scene, triggeredFrom);
  const status = pickRunStatus(pen.prng, scene.version);
  const nodes = executeNodes(scene, story, { status, runId: ids.runId, creator, maxNodes });
  const ended = hasEnded(status);
  const run = {
    id: ids.runId,
    tenant_id: ids.tenantId,
    app_id: ids.appId,
    workflow_id: ids.workflowId,
    type: app.design.kind,
    triggered_from: triggeredFrom,
    version: scene.release.version,
    graph: app.design.graph[pen.encoding],
    inputs: runInputs(pen, ids, app.design.kind === "chat", pen.prng.logNormal(300, 0.8)),
    status,
    outputs: ended && status !== "failed" ? `{"answer": "${pen.text(pen.prng.logNormal(500, 0.9))}"}` : "{}",
    error: status === "failed" ? `Node run failed: ${uuidV4(pen.prng)}` : pen.prng.chance(0.05) ? "" : null,
    elapsed_time: ended ? String((nodes.end - scene.start) / second) : "0",
    total_tokens: String(nodes.tokens),
    total_steps: pen.nothing === null ? String(nodes.steps) : pen.prng.chance(0.02) ? null : String(nodes.steps),
    ...creator,
    created_at: formatMicros(scene.start),
    finished_at: ended ? formatMicros(nodes.end) : null,
    // The Celery repository does not set it; some old rows hold NULL.
    exceptions_count: pen.nothing === null ? String(nodes.exceptions) : pen.prng.chance(0.05) ? null : "0",
  };
  story.rows.push({ table: "workflow_runs", row: run });
  if (app.design.kind === "workflow" && triggeredFrom !== "debugging") addAppLogs(scene, story, creator);
  if (app.design.kind === "chat") addMessage(scene, story, run);
  if (status === "paused") addPause(scene, story);
  if (triggers.includes(triggeredFrom)) addTriggerLog(scene, story, run);
  return story;
}

function pickTrigger({ pen, app, release, version }: Scene): string {
  const isDraft = app.draft === release;
  if (app.design.kind === "rag-pipeline") return isDraft ? "rag-pipeline-debugging" : "rag-pipeline-run";
  if (isDraft) return "debugging";
  if (version !== "1.8" && app.design.kind === "workflow" && pen.prng.chance(0.1)) return pen.prng.pick(triggers);
  return "app-run";
}

function pickCreator({ pen, tenant }: Scene, triggeredFrom: string): Creator {
  if (triggeredFrom.endsWith("debugging") || pen.prng.chance(0.15)) {
    return { created_by_role: "account", created_by: pen.prng.pick(tenant.accounts) };
  }
  return { created_by_role: "end_user", created_by: pen.prng.pick(tenant.endUsers) };
}
