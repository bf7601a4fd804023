import { sql } from "kysely";
import { gapCounter } from "../state/capture.ts";
import type { StateDatabase } from "../state/database.ts";
import { triggerNames } from "./capture-triggers.ts";

/**
 * Where capture stands at an instant: what is listed afterwards and noted since then is everything, while both stay as
 * they are.
 */
export interface TriggerMark {
  readonly gaps: string;
  /** Of the triggers as the catalogue has them: also one that was switched off and on again has another. */
  readonly triggers: string;
  /** The oldest transaction under way: what was committed by older ones is seen from now on. */
  readonly xmin: string;
}

export async function readTriggerMark(db: StateDatabase): Promise<TriggerMark> {
  const { rows } = await sql<TriggerMark>`
    select ${gapCounter}::text as gaps, pg_snapshot_xmin(pg_current_snapshot())::text as xmin,
           (select coalesce(md5(string_agg(format('%s %s %s %s', tgrelid, tgname, tgenabled, xmin), ',' order by tgrelid, tgname)), '')
              from pg_trigger where tgname = any(${triggerNames}) and not tgisinternal) as triggers`.execute(db);
  return rows[0]!;
}
