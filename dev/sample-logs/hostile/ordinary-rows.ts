import { uuidV4 } from "../ids.ts";
import { createPrng } from "../prng.ts";
import type { Row } from "../tables.ts";

/** The place in which hostile rows appear: beside ordinary rows of the biggest tenant. */
export interface Place {
  seed: number;
  tenantId: string;
  appId: string;
  workflowId: string;
  accountId: string;
  createdAt: string;
}

/** An id that depends on the seed and the name alone, so that a case keeps its id when others are added. */
export function idOf(place: Place, name: string): string {
  return uuidV4(createPrng(`${place.seed}/hostile/${name}`));
}

export function ordinaryRun(place: Place, name: string): Row<"workflow_runs"> {
  return {
    id: idOf(place, `workflow_runs: ${name}`),
    ...owner(place),
    type: "workflow",
    triggered_from: "app-run",
    version: "2025-08-10 08:00:00.123456",
    graph: '{"nodes": [], "edges": []}',
    inputs: '{"sys.query": "q"}',
    status: "succeeded",
    outputs: '{"answer": "a"}',
    error: null,
    elapsed_time: "1.5",
    total_tokens: "10",
    total_steps: "2",
    ...creator(place),
    finished_at: place.createdAt,
    exceptions_count: "0",
  };
}

export function ordinaryAppLog(place: Place, name: string): Row<"workflow_app_logs"> {
  return {
    id: idOf(place, `workflow_app_logs: ${name}`),
    ...owner(place),
    workflow_run_id: idOf(place, "workflow_runs: parent"),
    created_from: "service-api",
    ...creator(place),
  };
}

export function ordinaryNode(place: Place, name: string): Row<"workflow_node_executions"> {
  const id = idOf(place, `workflow_node_executions: ${name}`);
  return {
    id,
    ...owner(place),
    triggered_from: "workflow-run",
    workflow_run_id: idOf(place, "workflow_runs: parent"),
    index: "1",
    predecessor_node_id: null,
    node_execution_id: id,
    node_id: "1745769620734",
    node_type: "code",
    title: "Code",
    inputs: '{"a": 1}',
    process_data: null,
    outputs: '{"b": 2}',
    status: "succeeded",
    error: null,
    elapsed_time: "0.25",
    execution_metadata: null,
    ...creator(place),
    finished_at: place.createdAt,
    agent_workspace_binding_id: null,
  };
}

function owner(place: Place): { tenant_id: string; app_id: string; workflow_id: string } {
  return { tenant_id: place.tenantId, app_id: place.appId, workflow_id: place.workflowId };
}

function creator(place: Place): { created_by_role: string; created_by: string; created_at: string } {
  return { created_by_role: "account", created_by: place.accountId, created_at: place.createdAt };
}
