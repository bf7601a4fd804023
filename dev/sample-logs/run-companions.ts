import { uuidV4, uuidV7 } from "./ids.ts";
import type { Creator, Scene, Story } from "./story.ts";
import type { Row } from "./tables.ts";
import { formatMicros, second } from "./timestamps.ts";

/**
 * Dify leaves created_at of app logs to the column's default, CURRENT_TIMESTAMP(0): whole seconds, a little after the
 * run, so that the log of a month's last run can fall into the next month. Usually one per run, but nothing enforces
 * it.
 */
export function addAppLogs({ pen, ids, start }: Scene, story: Story, creator: Creator): void {
  const logs = pen.prng.chance(0.01) ? 0 : pen.prng.chance(0.005) ? 2 : 1;
  for (let i = 0; i < logs; i++) {
    const row = {
      id: uuidV4(pen.prng),
      tenant_id: ids.tenantId,
      app_id: ids.appId,
      workflow_id: ids.workflowId,
      workflow_run_id: ids.runId,
      created_from: creator.created_by_role === "account" ? "installed-app" : pen.prng.pick(["service-api", "web-app"]),
      ...creator,
      created_at: formatMicros(Math.round((start + 300_000) / second) * second),
    };
    story.rows.push({ table: "workflow_app_logs", row });
  }
}

/**
 * A chat's run belongs to a message; some messages carry files, which makes purging their run break the conversation.
 */
export function addMessage({ pen, ids, start, app }: Scene, story: Story, run: Row<"workflow_runs">): void {
  const created = formatMicros(start);
  const from = {
    from_source: run.created_by_role === "account" ? "console" : "api",
    from_end_user_id: run.created_by_role === "account" ? null : run.created_by,
    from_account_id: run.created_by_role === "account" ? run.created_by : null,
    created_at: created,
    updated_at: created,
  };
  if (app.conversationId === undefined || pen.prng.chance(0.6)) {
    app.conversationId = uuidV4(pen.prng);
    const row = {
      id: app.conversationId,
      app_id: ids.appId,
      mode: "advanced-chat",
      name: "New chat",
      status: "normal",
    };
    story.rows.push({ table: "conversations", row: { ...row, ...from } });
  }
  const row = {
    id: uuidV4(pen.prng),
    app_id: ids.appId,
    conversation_id: app.conversationId,
    inputs: "{}",
    query: pen.plain(80),
    answer: pen.plain(200),
    status: run.status === "paused" ? "paused" : "normal",
    error: run.error,
    ...from,
    workflow_run_id: ids.runId,
  };
  story.rows.push({ table: "messages", row });
}

export function addPause({ pen, ids, start, app }: Scene, story: Story): void {
  const created = formatMicros(start + second);
  const pauseId = uuidV7(pen.prng, start + second);
  const pause = {
    id: pauseId,
    created_at: created,
    updated_at: created,
    workflow_id: ids.workflowId,
    workflow_run_id: ids.runId,
    resumed_at: null,
    state_object_key: `workflow-state-${uuidV4(pen.prng)}.json`,
  };
  const reason = {
    id: uuidV7(pen.prng, start + second),
    created_at: created,
    updated_at: created,
    pause_id: pauseId,
    type_: "human_input_required",
    form_id: uuidV4(pen.prng),
    node_id: app.design.nodes.at(-1)?.id ?? "",
    message: "",
  };
  story.rows.push({ table: "workflow_pauses", row: pause }, { table: "workflow_pause_reasons", row: reason });
}

export function addTriggerLog({ pen, ids, start, app }: Scene, story: Story, run: Row<"workflow_runs">): void {
  const created = formatMicros(start - 50_000);
  const row = {
    id: uuidV7(pen.prng, start),
    tenant_id: ids.tenantId,
    app_id: ids.appId,
    workflow_id: ids.workflowId,
    workflow_run_id: ids.runId,
    root_node_id: app.design.nodes[0]?.id ?? null,
    trigger_metadata: `{"type": "trigger-${run.triggered_from}", "icon_filename": null}`,
    trigger_type: `trigger-${run.triggered_from}`,
    trigger_data: run.inputs ?? "{}",
    inputs: run.inputs ?? "{}",
    outputs: run.outputs,
    status: run.status === "partial-succeeded" ? "succeeded" : run.status === "stopped" ? "failed" : run.status,
    error: run.error,
    queue_name: "workflow_professional",
    celery_task_id: uuidV4(pen.prng),
    created_by_role: run.created_by_role,
    created_by: run.created_by,
    retry_count: "0",
    elapsed_time: run.elapsed_time,
    total_tokens: run.total_tokens,
    created_at: created,
    triggered_at: created,
    finished_at: run.finished_at,
  };
  story.rows.push({ table: "workflow_trigger_logs", row });
}
