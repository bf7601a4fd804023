import { createHash } from "node:crypto";

import { uuidV4, uuidV7 } from "./ids.ts";
import type { Pen } from "./pen.ts";
import type { Blob } from "./story.ts";
import type { Row, TableRow } from "./tables.ts";
import { formatMicros, type Micros } from "./timestamps.ts";

export type OffloadType = "inputs" | "process_data" | "outputs";

export interface Offloaded {
  /** What stays in the node's column: its value cut short, which cannot be told from real data. */
  preview: string;
  rows: TableRow[];
  blob: Blob;
}

/** Dify moves a value over 1,024,000 characters to a file; smaller ones do here, so that test data stays light. */
const fullBytes = { min: 20_000, max: 60_000 };

export function offloadValue(
  pen: Pen,
  node: Row<"workflow_node_executions">,
  type: OffloadType,
  at: Micros,
): Offloaded {
  const full = pen.text(pen.prng.integer(fullBytes.min, fullBytes.max));
  const content = Buffer.from(`{"text": "${full}"}`);
  const file = uploadFile(pen, node, type, content, formatMicros(at));
  return {
    // Cut between sentences: a cut inside an escape would leave text that is no JSON, which Dify does not do.
    preview: `{"text": "${pen.text(1_000)}..."}`,
    rows: [
      { table: "upload_files", row: file },
      {
        table: "workflow_node_execution_offload",
        row: {
          id: uuidV7(pen.prng, at),
          created_at: formatMicros(at),
          tenant_id: node.tenant_id,
          app_id: node.app_id,
          node_execution_id: node.id,
          type,
          file_id: file.id,
        },
      },
    ],
    blob: { key: file.key ?? "", content },
  };
}

function uploadFile(
  pen: Pen,
  node: Row<"workflow_node_executions">,
  type: OffloadType,
  content: Buffer,
  createdAt: string,
): Row<"upload_files"> {
  return {
    id: uuidV4(pen.prng),
    tenant_id: node.tenant_id,
    storage_type: "opendal",
    key: `upload_files/${node.tenant_id}/${uuidV4(pen.prng)}.json`,
    name: `node_execution_${node.id}_${type}.json`,
    size: String(content.length),
    extension: "json",
    mime_type: "application/json",
    created_by_role: node.created_by_role,
    created_by: node.created_by,
    created_at: createdAt,
    used: "false",
    used_by: null,
    used_at: null,
    hash: createHash("sha3-256").update(content).digest("hex"),
    source_url: "",
  };
}
