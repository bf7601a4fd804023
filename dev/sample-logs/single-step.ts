import { uuidV4 } from "./ids.ts";
import { executeNode } from "./node-execution.ts";
import type { Scene, Story } from "./story.ts";

/** One node tried out in the editor: no run, and a draft variable that remembers its output. */
export function tellSingleStep(scene: Scene): Story {
  const { pen, app, tenant } = scene;
  const creator = { created_by_role: "account", created_by: pen.prng.pick(tenant.accounts) } as const;
  const { row } = executeNode(scene, {
    step: { node: pen.prng.pick(app.design.nodes) },
    status: pen.prng.chance(0.1) ? "failed" : "succeeded",
    index: 1,
    predecessor: null,
    creator,
    runId: null,
    start: scene.start,
  });
  const name = `output_${app.draftVariables++}`;
  const variable = {
    id: uuidV4(pen.prng),
    created_at: row.created_at,
    updated_at: row.created_at,
    app_id: row.app_id,
    last_edited_at: null,
    node_id: row.node_id,
    name,
    description: "",
    selector: `["${row.node_id}", "${name}"]`,
    value_type: "string",
    value: `"${pen.text(60)}"`,
    visible: "true",
    editable: "true",
    node_execution_id: row.id,
  };
  return {
    rows: [
      { table: "workflow_node_executions", row },
      { table: "workflow_draft_variables", row: variable },
    ],
    blobs: [],
  };
}
