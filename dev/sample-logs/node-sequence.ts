import { uuidV4 } from "./ids.ts";
import { executeNode, type NodeExecution, type NodeStatus, type Step } from "./node-execution.ts";
import { offloadValue } from "./offload.ts";
import { hasEnded, lastNodeStatus, type RunStatus } from "./run-status.ts";
import type { Creator, Scene, Story } from "./story.ts";
import type { Row } from "./tables.ts";
import type { Micros } from "./timestamps.ts";

export interface SequenceTask {
  status: RunStatus;
  runId: string;
  creator: Creator;
  maxNodes: number;
}

export interface Sequence {
  end: Micros;
  tokens: number;
  steps: number;
  exceptions: number;
}

/** Adds the node executions of one run to the story, at most `maxNodes` rows. */
export function executeNodes(scene: Scene, story: Story, task: SequenceTask): Sequence {
  const { prng } = scene.pen;
  const steps = reachedSteps(scene, task);
  const done: Sequence = { end: scene.start, tokens: 0, steps: 0, exceptions: 0 };
  const oddStep = task.status === "partial-succeeded" ? prng.integer(1, Math.max(1, steps.length - 2)) : -1;
  let predecessor: string | null = null;
  let room = task.maxNodes;
  for (const [i, step] of steps.entries()) {
    if (room === 0) break;
    const status = statusOf(scene, task.status, i, steps.length, oddStep);
    // In a crowd even the nodes start together, as far as a page border can tell.
    const start = scene.crowded ? scene.start : done.end + prng.integer(0, 2_000);
    const at = { step, index: i + 1, predecessor, creator: task.creator, runId: task.runId, start };
    const execution = executeNode(scene, { ...at, status });
    if (room > 1 && scene.version === "1.8" && retries(scene, step)) {
      const retry = executeNode(scene, { ...at, status: "retry" });
      const row = { ...retry.row, node_execution_id: execution.row.node_execution_id };
      story.rows.push({ table: "workflow_node_executions", row });
      room--;
    }
    addNode(scene, story, step, execution);
    room--;
    predecessor = step.node.id;
    done.steps++;
    done.tokens += execution.tokens;
    if (status === "exception") done.exceptions++;
    if (execution.row.finished_at !== null) done.end = execution.end;
  }
  return done;
}

function reachedSteps(scene: Scene, task: SequenceTask): Step[] {
  const all = scene.app.design.nodes.flatMap((node) => expand(scene, node));
  if (task.status === "succeeded" || task.status === "partial-succeeded") return all;
  return all.slice(0, scene.pen.prng.integer(1, all.length));
}

function expand(scene: Scene, node: Scene["app"]["design"]["nodes"][number]): Step[] {
  if (node.body.length === 0) return [{ node }];
  const items = scene.pen.prng.integer(1, 4);
  const kind = node.type === "loop" ? "loop" : "iteration";
  const body = Array.from({ length: items }, (_, index) =>
    node.body.map((inner): Step => ({ node: inner, within: { kind, nodeId: node.id, index } })),
  );
  return [{ node }, ...body.flat()];
}

function statusOf(scene: Scene, run: RunStatus, i: number, steps: number, oddStep: number): NodeStatus {
  if (i === steps - 1) return run === "running" && scene.pen.prng.chance(0.3) ? "pending" : lastNodeStatus[run];
  if (i === oddStep) return "exception";
  // A node whose last write was lost: normal in old data, even under a run that has ended.
  return hasEnded(run) && scene.pen.prng.chance(0.0005) ? "running" : "succeeded";
}

function retries(scene: Scene, step: Step): boolean {
  return ["llm", "http-request", "tool"].includes(step.node.type) && scene.pen.prng.chance(0.03);
}

function addNode(scene: Scene, story: Story, step: Step, { row, end }: NodeExecution): void {
  const kept =
    scene.version === "1.16" && retries(scene, step) ? { ...row, process_data: withHistory(scene, row) } : row;
  const canOffload = scene.version !== "1.8" && kept.outputs !== null && kept.outputs !== "{}";
  if (!canOffload || !scene.pen.prng.chance(0.004)) {
    story.rows.push({ table: "workflow_node_executions", row: kept });
    return;
  }
  const { preview, rows, blob } = offloadValue(scene.pen, kept, "outputs", end);
  story.rows.push({ table: "workflow_node_executions", row: { ...kept, outputs: preview } }, ...rows);
  story.blobs.push(blob);
}

/** Since 1.16 earlier attempts are kept inside the row. */
function withHistory({ pen }: Scene, row: Row<"workflow_node_executions">): string {
  const attempt = `{"id": "${uuidV4(pen.prng)}", "index": 1, "inputs": ${row.inputs ?? "null"}, "outputs": null, "error": "429"}`;
  const history = `"__dify_retry_history": [${attempt}]`;
  if (row.process_data === null || row.process_data === "{}") return `{${history}}`;
  return `${row.process_data.slice(0, -1)}, ${history}}`;
}
