import { sql } from "kysely";
import type { Condition } from "../records/log-table.ts";
import { runIdOf } from "./check-app-log-query.ts";

/** As many characters of a keyword as Dify looks for. */
const keywordCharacters = 30;

/**
 * The run's inputs or outputs, or the end user's session id, have the keyword somewhere in their text, whatever its
 * case; or it is the run's id. JSON text spells characters beyond ASCII as they are or escaped, as its writer did: both
 * are found.
 */
export function keywordCondition(keyword: string, hasEndUsers: boolean): Condition {
  const part = Array.from(keyword).slice(0, keywordCharacters).join("");
  const runId = runIdOf(keyword);
  const spellings = new Set([part, escaped(part)]);
  const conditions = [
    ...Array.from(spellings, (spelling) => [inColumn("r.inputs", spelling), inColumn("r.outputs", spelling)]).flat(),
    ...(hasEndUsers ? [inColumn("e.session_id", part)] : []),
    ...(runId === undefined ? [] : [sql`r.id::text = ${runId}`]),
  ];
  return sql`(r.id is not null and (${sql.join(conditions, sql` or `)}))`;
}

/** The inside of a JSON string of ASCII, as Python's json.dumps writes it. */
function escaped(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/[^\u0020-\u007e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function inColumn(column: string, spelling: string): Condition {
  return sql`${sql.raw(column)} ilike ${`%${spelling.replace(/[\\%_]/g, String.raw`\$&`)}%`}`;
}
