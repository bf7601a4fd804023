import { createHash } from "node:crypto";

import type { Row } from "../tables.ts";
import type { HostileCase } from "./column-cases.ts";
import { idOf, ordinaryAppLog, ordinaryNode, ordinaryRun, type Place } from "./ordinary-rows.ts";

/** Rows whose links lead nowhere or to the wrong place: nothing in Dify's schema forbids them. */
export function* linkCases(place: Place): Generator<HostileCase> {
  yield { name: "the run most cases belong to", table: "workflow_runs", row: ordinaryRun(place, "parent") };
  const missing = idOf(place, "missing run");
  yield node(place, "node of a missing run", { workflow_run_id: missing });
  yield log(place, "app log of a missing run", { workflow_run_id: missing });
  yield node(place, "single step without a run", { workflow_run_id: null, triggered_from: "single-step" });
  yield node(place, "NULL node_execution_id", { node_execution_id: null });

  const shared = idOf(place, "shared node_execution_id");
  yield node(place, "first retry", { node_execution_id: shared, status: "retry", error: "429" });
  yield node(place, "second retry", { node_execution_id: shared, status: "retry", error: "429" });
  yield node(place, "attempt that succeeded", { node_execution_id: shared });

  for (const status of ["running", "paused", "scheduled"]) {
    yield run(place, `run ${status} for ever`, { status, finished_at: null, outputs: null, elapsed_time: "0" });
  }
  for (const status of ["running", "pending", "paused"]) {
    yield node(place, `node ${status} for ever`, { status, finished_at: null, inputs: null, outputs: null });
  }
  yield run(place, "succeeded, but never finished", { finished_at: null });

  // A tenant that was deleted: it is in no other table.
  const gone = { ...place, tenantId: idOf(place, "tenant that is gone") };
  yield run(gone, "run of a tenant that is gone", {});
  yield log(gone, "app log of a tenant that is gone", {
    workflow_run_id: idOf(gone, "workflow_runs: run of a tenant that is gone"),
  });
  yield node(gone, "node of a tenant that is gone", {
    workflow_run_id: idOf(gone, "workflow_runs: run of a tenant that is gone"),
  });
  yield node(gone, "node of another tenant's run", {});
  yield log(gone, "app log of another tenant's run", {});
}

/** Offload rows and what can be wrong with the file behind them. */
export function* offloadCases(place: Place): Generator<HostileCase> {
  const good = Buffer.from('{"text": "the whole value, 全部"}');

  yield* offloaded(place, "offload in order", { content: good });
  yield* offloaded(place, "offload without its upload_files row", { content: good, withFile: false });
  yield* offloaded(place, "offload with its file missing", {});
  yield* offloaded(place, "offload with a wrong hash", { content: good, file: { hash: "0".repeat(64) } });
  yield* offloaded(place, "offload without hash", { content: good, file: { hash: null } });
  yield* offloaded(place, "offload with a wrong size", { content: good, file: { size: "1" } });
  yield* offloaded(place, "offload of a file cut off", { content: good.subarray(0, 20) });
  yield* offloaded(place, "offload of a file that is no JSON", { content: Buffer.from([0xff, 0xfe, 0x00, 0x41]) });
  yield* offloaded(place, "offload of an empty file", { content: Buffer.alloc(0) });
  yield* offloaded(place, "offload of another tenant's file", {
    content: good,
    file: { tenant_id: idOf(place, "other") },
  });
  yield* offloaded(place, "offload with an odd key", {
    content: good,
    file: { key: "upload_files/空 白/a+b%2F'\"\\.json" },
  });

  const all = node(place, "all three columns offloaded", {});
  yield all;
  for (const type of ["inputs", "process_data", "outputs"]) {
    yield* offload(place, `${type} of all three columns offloaded`, all.row.id, type, { content: good });
  }
  yield* offload(place, "offload with NULL node_execution_id", null, "outputs", { content: good });
  yield* offload(place, "another offload with NULL node_execution_id", null, "outputs", { content: good });
  yield* offload(place, "offload of a missing node execution", idOf(place, "missing node"), "outputs", {
    content: good,
  });
  yield* offload(place, "offload with an unknown type", all.row.id, "thought", { content: good });
}

interface FileCase {
  content?: Buffer;
  withFile?: boolean;
  file?: Partial<Row<"upload_files">>;
}

function* offloaded(place: Place, name: string, fileCase: FileCase): Generator<HostileCase> {
  const owner = node(place, name, { outputs: '{"text": "the whole..."}' });
  yield owner;
  yield* offload(place, name, owner.row.id, "outputs", fileCase);
}

function* offload(
  place: Place,
  name: string,
  nodeId: string | null,
  type: string,
  { content, withFile = true, file }: FileCase,
): Generator<HostileCase> {
  const fileId = idOf(place, `upload_files: ${name}`);
  yield {
    name: `workflow_node_execution_offload: ${name}`,
    table: "workflow_node_execution_offload",
    row: {
      id: idOf(place, `workflow_node_execution_offload: ${name}`),
      created_at: place.createdAt,
      tenant_id: place.tenantId,
      app_id: place.appId,
      node_execution_id: nodeId,
      type,
      file_id: fileId,
    },
  };
  if (!withFile) return;
  const row = { ...uploadFile(place, fileId, nodeId, type, content ?? Buffer.from("gone")), ...file };
  const blob = content ? { blob: { key: row.key ?? "", content } } : {};
  yield { name: `upload_files: ${name}`, table: "upload_files", row, ...blob };
}

function uploadFile(
  place: Place,
  id: string,
  nodeId: string | null,
  type: string,
  content: Buffer,
): Row<"upload_files"> {
  return {
    id,
    tenant_id: place.tenantId,
    storage_type: "opendal",
    key: `upload_files/${place.tenantId}/${id}.json`,
    name: `node_execution_${nodeId}_${type}.json`,
    size: String(content.length),
    extension: "json",
    mime_type: "application/json",
    created_by_role: "account",
    created_by: place.accountId,
    created_at: place.createdAt,
    used: "false",
    used_by: null,
    used_at: null,
    hash: createHash("sha3-256").update(content).digest("hex"),
    source_url: "",
  };
}

function run(place: Place, name: string, change: Partial<Row<"workflow_runs">>) {
  return { name, table: "workflow_runs", row: { ...ordinaryRun(place, name), ...change } } as const;
}

function log(place: Place, name: string, change: Partial<Row<"workflow_app_logs">>) {
  return { name, table: "workflow_app_logs", row: { ...ordinaryAppLog(place, name), ...change } } as const;
}

function node(place: Place, name: string, change: Partial<Row<"workflow_node_executions">>) {
  return { name, table: "workflow_node_executions", row: { ...ordinaryNode(place, name), ...change } } as const;
}
