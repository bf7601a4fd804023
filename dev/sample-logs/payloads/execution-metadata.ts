import type { Pen } from "../pen.ts";
import { price } from "./json-parts.ts";

export interface MetadataTask {
  type: string;
  tokens: number;
  /** The iteration or loop this node ran in. */
  within?: { kind: "iteration" | "loop"; nodeId: string; index: number } | undefined;
  /** Set when a failing node was told to go on. */
  errorStrategy?: "fail-branch" | "default-value" | undefined;
}

/** `execution_metadata`: which keys are there depends on the node; those of the `_map` objects are numbers as text. */
export function executionMetadata(pen: Pen, task: MetadataTask): string | null {
  const parts: string[] = [];
  if (task.tokens > 0) {
    parts.push(
      `"total_tokens": ${task.tokens}`,
      `"total_price": ${pen.price(price(task.tokens * 2))}`,
      `"currency": "USD"`,
    );
  }
  if (task.type === "iteration" || task.type === "loop") {
    parts.push(`"${task.type}_duration_map": ${durations(pen)}`);
    if (task.type === "loop") parts.push(`"loop_variable_map": {"0": {"count": 1}, "1": {"count": 2}}`);
  }
  if (task.type === "agent")
    parts.push(`"agent_log": [{"id": "1", "label": "ROUND 1", "data": {"thought": "${pen.text(300)}"}}]`);
  if (task.type === "tool")
    parts.push(`"tool_info": {"provider_type": "builtin", "provider_id": "time", "icon": "clock.svg"}`);
  if (task.within) {
    const { kind, nodeId, index } = task.within;
    const other = kind === "iteration" ? "loop" : "iteration";
    parts.push(`"${kind}_id": "${nodeId}"`, `"${kind}_index": ${index}`, `"${other}_id": null`);
  }
  if (task.errorStrategy) parts.push(`"error_strategy": "${task.errorStrategy}"`);
  return parts.length === 0 ? pen.nothing : `{${parts.join(", ")}}`;
}

function durations(pen: Pen): string {
  const list = Array.from({ length: pen.prng.integer(1, 5) }, (_, i) => `"${i}": ${pen.prng.float().toFixed(6)}`);
  return `{${list.join(", ")}}`;
}
