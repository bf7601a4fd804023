import type { Client } from "pg";
import { AppError } from "../../src/engine/errors.ts";
import type { OwnStores } from "./own-stores.ts";
import { counted, say } from "./say.ts";

const tables = [
  { table: "workflow_runs", resource: "workflow-runs" },
  { table: "workflow_app_logs", resource: "workflow-app-logs" },
  { table: "workflow_node_executions", resource: "workflow-node-executions" },
] as const;

/**
 * Compares the number of rows and documents of every data type; throws when they differ. Returns the number of rows.
 */
export async function proveCounts(sql: Client, { elasticsearchUrl, prefix }: OwnStores): Promise<number> {
  let all = 0;
  for (const { table, resource } of tables) {
    const { rows } = await sql.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${table}`);
    const { count } = (await get(`${elasticsearchUrl}/${prefix}-${resource}-*/_count`)) as { count: number };
    const same = rows[0]?.rows === count;
    say(`    ${table.padEnd(26)} ${rows[0]?.rows} rows, ${count} documents: ${same ? "equal" : "DIFFERENT"}`);
    if (!same) throw new AppError("demo_proof_failed", `${table} and its documents are not equally many.`);
    all += count;
  }
  return all;
}

/**
 * Fetches one document with Chinese text and compares each column of its row, read by plain SQL; throws when one
 * differs.
 */
export async function proveDocument(sql: Client, { elasticsearchUrl, prefix }: OwnStores): Promise<number> {
  const { row, index } = await shortestRow(sql, word);
  const url = `${elasticsearchUrl}/${prefix}-workflow-node-executions-${index}/_source/${row["id"]}`;
  say(`    GET ${new URL(url).pathname}\n`);
  const document = (await get(url)) as Record<string, unknown>;
  say(`    ${"column".padEnd(28)}${"in PostgreSQL".padEnd(shown + 2)}in Elasticsearch`);
  for (const [column, value] of Object.entries(row)) {
    const found = document[column];
    const same = column in document && asText(found) === value;
    say(`    ${column.padEnd(28)}${excerpt(value)}  ${excerpt(asText(found))}  ${same ? "equal" : "DIFFERENT"}`);
    if (!same) throw new AppError("demo_proof_failed", `The column ${column} of the document differs from its row.`);
  }
  return Object.keys(row).length;
}

/**
 * Searches for a Chinese word in a row that holds it as \uXXXX escapes, as most writers do; throws when it is not
 * found.
 */
export async function proveSearch(sql: Client, { elasticsearchUrl, prefix }: OwnStores): Promise<void> {
  const escaped = word.replaceAll(/./g, (letter) => `\\u${letter.charCodeAt(0).toString(16)}`);
  const { row, index } = await shortestRow(sql, escaped);
  const query = `archive.search_text:"${word}" AND id:"${row["id"]}"`;
  say(`    inputs in PostgreSQL:  ${row["inputs"]}`);
  say(`    GET /${prefix}-workflow-node-executions-${index}/_count?q=${query}`);
  const url = `${elasticsearchUrl}/${prefix}-workflow-node-executions-${index}/_count?q=${encodeURIComponent(query)}`;
  const { count } = (await get(url)) as { count: number };
  say(`    ${counted(count, "document")} found`);
  if (count !== 1) throw new AppError("demo_proof_failed", `The document is not found by ${word}.`);
}

const word = "订单";

interface Found {
  /** Every column as PostgreSQL prints it, timestamps in ISO form. */
  row: Record<string, string | null>;
  /** `<tenant>-YYYY.MM` */
  index: string;
}

/** The row with the shortest inputs that hold this text. */
async function shortestRow(sql: Client, text: string): Promise<Found> {
  const columns = await sql.query<{ name: string; type: string }>(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns
      WHERE table_schema = 'public' AND table_name = 'workflow_node_executions' ORDER BY ordinal_position`,
  );
  const members = columns.rows.map(({ name, type }) =>
    type.startsWith("timestamp") ? `'${name}', to_char("${name}", '${iso}')` : `'${name}', "${name}"::text`,
  );
  const { rows } = await sql.query<Found>(
    `SELECT json_build_object(${members.join(", ")}) AS row, tenant_id || to_char(created_at, '-YYYY.MM') AS index
       FROM workflow_node_executions WHERE strpos(inputs, $1) > 0 AND status = 'succeeded' ORDER BY length(inputs), id LIMIT 1`,
    [text],
  );
  if (rows[0] === undefined) throw new AppError("demo_sample_too_small", `No row of the sample contains ${text}.`);
  return rows[0];
}

const iso = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"';

async function get(url: string): Promise<unknown> {
  const answer = await fetch(url);
  const text = await answer.text();
  if (!answer.ok)
    throw new AppError("demo_proof_failed", `GET ${url} answered ${answer.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

function asText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

const shown = 40;

/** At most 40 columns wide on a terminal, where a Chinese character takes two. */
function excerpt(text: string | null): string {
  let result = "";
  let width = 0;
  for (const character of text === null ? "NULL" : text === "" ? "''" : text.replaceAll(/\s/g, " ")) {
    const wide = character > "\u1100" ? 2 : 1;
    if (width + wide > shown - 1) {
      result += "…";
      width += 1;
      break;
    }
    result += character;
    width += wide;
  }
  return result + " ".repeat(shown - width);
}
