import { uuidV4 } from "./ids.ts";
import { executionMetadata } from "./payloads/execution-metadata.ts";
import { nodePayload } from "./payloads/node-payload.ts";
import type { Creator, Scene } from "./story.ts";
import type { Row } from "./tables.ts";
import { formatMicros, type Micros, second } from "./timestamps.ts";
import type { DesignNode } from "./workflow-design.ts";

/** One node to be executed; a body node comes once per item of its iteration or loop. */
export interface Step {
  node: DesignNode;
  within?: { kind: "iteration" | "loop"; nodeId: string; index: number };
}

export type NodeStatus = "pending" | "running" | "succeeded" | "failed" | "exception" | "stopped" | "paused" | "retry";

export interface NodeTask {
  step: Step;
  status: NodeStatus;
  /** Position in the run, from 1. */
  index: number;
  predecessor: string | null;
  creator: Creator;
  /** NULL for a single step tried out in the editor. */
  runId: string | null;
  start: Micros;
}

export interface NodeExecution {
  row: Row<"workflow_node_executions">;
  end: Micros;
  tokens: number;
}

/** Measured on a real database: JSON per row p10/p50/p90/p99/max = 1.0/2.2/5.2/11.5/239 KB. */
const medianBytes = 2200;
const sigma = 0.7;
const largestBytes = 230_000;

const modelNodes = ["llm", "agent", "question-classifier", "parameter-extractor"];
const slowNodes = [...modelNodes, "http-request", "tool", "iteration", "loop"];

export function executeNode(scene: Scene, task: NodeTask): NodeExecution {
  const { pen, ids } = scene;
  const { node, within } = task.step;
  const ended = task.status !== "pending" && task.status !== "running" && task.status !== "paused";
  const tokens = ended && modelNodes.includes(node.type) ? pen.prng.integer(80, 6000) : 0;
  const elapsed = pen.prng.integer(1_000, slowNodes.includes(node.type) ? 6 * second : 60_000);
  const payload = ended
    ? nodePayload(node.type, { pen, ids, tokens, bytes: payloadBytes(scene) })
    : { inputs: pen.nothing, processData: pen.nothing, outputs: pen.nothing };
  const broken = task.status === "failed" || task.status === "exception" || task.status === "retry";
  const id = uuidV4(pen.prng);
  const row = {
    id,
    tenant_id: ids.tenantId,
    app_id: ids.appId,
    workflow_id: ids.workflowId,
    triggered_from: triggeredFrom(scene, task),
    workflow_run_id: task.runId,
    index: String(task.index),
    predecessor_node_id: task.predecessor,
    node_execution_id: id,
    node_id: node.id,
    node_type: node.type,
    title: node.title,
    inputs: payload.inputs,
    process_data: payload.processData,
    outputs: broken ? pen.nothing : payload.outputs,
    status: task.status,
    error: broken ? errorText(scene) : pen.prng.chance(0.02) ? "" : null,
    elapsed_time: ended ? String(elapsed / second) : "0",
    execution_metadata: ended
      ? executionMetadata(pen, {
          type: node.type,
          tokens,
          within,
          errorStrategy: task.status === "exception" ? "fail-branch" : undefined,
        })
      : pen.nothing,
    created_at: formatMicros(task.start),
    ...task.creator,
    finished_at: ended ? formatMicros(task.start + elapsed) : null,
    agent_workspace_binding_id: node.type === "agent" && pen.prng.chance(0.5) ? uuidV4(pen.prng) : null,
  };
  return { row, end: task.start + elapsed, tokens };
}

function triggeredFrom(scene: Scene, task: NodeTask): string {
  if (task.runId === null) return "single-step";
  return scene.app.design.kind === "rag-pipeline" ? "rag-pipeline-run" : "workflow-run";
}

function payloadBytes({ pen }: Scene): number {
  // The rare long document or page that makes the tail.
  if (pen.prng.chance(0.0004)) return pen.prng.integer(30_000, largestBytes);
  return Math.min(largestBytes, pen.prng.logNormal(medianBytes, sigma));
}

function errorText({ pen }: Scene): string {
  return pen.prng.chance(0.5)
    ? `Run failed: [openai] Rate Limit Error, Error code: 429 - {'error': {'code': '${pen.prng.uint32()}'}}`
    : `Traceback (most recent call last):\n  File "main.py", line ${pen.prng.integer(1, 90)}, in main\nKeyError: '结果'`;
}
