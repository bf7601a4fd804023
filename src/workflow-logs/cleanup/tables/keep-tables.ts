import type { Pool } from "pg";
import { AppError } from "../../../engine/errors.ts";
import { bypassHint, hidingTables } from "../../../stores/postgres/hidden-rows.ts";
import { dataTypes, logTypes, offloadTable } from "../../partitions/log-types.ts";

/** Every table that a rule looks at before a row is deleted. */
export const keepTables: readonly string[] = [
  ...dataTypes.map((type) => logTypes[type].table),
  offloadTable,
  "upload_files",
  "workflow_pauses",
  "workflow_trigger_logs",
  "messages",
  "workflow_draft_variables",
];

/** Throws AppError when a table that keeps rows could show less than it holds: what is hidden keeps nothing. */
export async function requireEveryRowSeen(pool: Pool): Promise<void> {
  const hiding = (await hidingTables(pool, keepTables)).filter(({ why }) => why === "row_security");
  if (hiding.length === 0) return;
  const list = hiding.map(({ name }) => name).join(", ");
  const { role } = hiding[0]!;
  throw new AppError("row_security", `Row level security hides rows of ${list} from ${role}. Nothing was deleted.`, {
    hint: bypassHint(role),
  });
}
