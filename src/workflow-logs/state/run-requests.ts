import { sql } from "kysely";
import type { RequestedState, RunLimits, StateDatabase } from "./database.ts";

/** What a run is to obey. */
export interface RunRequest {
  readonly state: RequestedState;
  readonly limits: RunLimits;
}

export async function readRequest(db: StateDatabase, runId: string): Promise<RunRequest> {
  const { requested_state, limits } = await db
    .selectFrom("runs")
    .select(["requested_state", "limits"])
    .where("id", "=", runId)
    .executeTakeFirstOrThrow();
  return { state: requested_state, limits: limits! };
}

/** Asks a run under way for a state, for other limits, or both. False when it has ended meanwhile, or was told to end before. */
export async function saveRequest(
  db: StateDatabase,
  runId: string,
  { state, limits = {} }: { readonly state?: RequestedState; readonly limits?: RunLimits },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("runs")
    .set({
      ...(state !== undefined && { requested_state: state }),
      limits: sql<string>`limits || ${JSON.stringify(limits)}::jsonb`,
      requested_at: sql<string>`clock_timestamp()`,
      requested_by: sql<string>`session_user || coalesce('@' || host(inet_client_addr()), '')`,
    })
    .where("id", "=", runId)
    .where("status", "=", "running")
    .where("requested_state", "!=", "aborted")
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
