import type { Pool } from "pg";
import { missingPrivileges } from "../../stores/elasticsearch/privileges.ts";
import { inspectTable } from "../../stores/postgres/table.ts";
import type { Connections } from "../connections.ts";
import { resources } from "../partitions/log-types.ts";
import { schemaObstacle } from "../state/schema-access.ts";
import { jobSchemaObstacle } from "./job-schema.ts";
import { deniedTables } from "./denied-tables.ts";
import { type ArchiveCommand, type CommandNeeds, commandNeeds } from "./command-needs.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

const verbs: Readonly<Record<string, string>> = { SELECT: "read", INSERT: "insert", DELETE: "delete" };

const [inPostgres, inElasticsearch] = ["postgres privileges", "elasticsearch privileges"] as const;

/**
 * All that the roles lack for a command, at once, with the statements that give it. Reads only, and needs none of the
 * privileges itself.
 */
export async function privileges(connections: Connections, command: ArchiveCommand): Promise<Finding[]> {
  const needs: CommandNeeds = commandNeeds[command];
  return [...(await ofTables(connections.postgres, needs)), ...(await ofIndices(connections, needs))];
}

async function ofTables(postgres: Pool, needs: CommandNeeds): Promise<Finding[]> {
  const findings: Finding[] = [];
  const obstacle = await schemaObstacle(postgres);
  if (obstacle !== undefined) findings.push(fail(inPostgres, obstacle.message, obstacle.hint));
  const ofJobs = needs.jobs && (await jobSchemaObstacle(postgres));
  if (ofJobs !== undefined) findings.push(fail(inPostgres, ofJobs.message, ofJobs.hint));
  const asked = { SELECT: needs.select, INSERT: needs.insert, DELETE: needs.delete };
  for (const [privilege, names] of Object.entries(asked)) {
    const tables = (await Promise.all(names.map((name) => inspectTable(postgres, name)))).flatMap(
      (table) => table?.sqlName ?? [],
    );
    const denied = await deniedTables(postgres, tables, privilege);
    if (denied.length === 0) continue;
    const list = denied.map(({ name }) => name).join(", ");
    const { role } = denied[0]!;
    const message = `${role} may not ${verbs[privilege]}: it lacks ${privilege} on ${list}.`;
    findings.push(fail(inPostgres, message, `GRANT ${privilege} ON ${list} TO "${role}";`));
  }
  const state = await connectionState(postgres);
  if (state !== undefined) findings.push(state);
  return findings.length > 0 ? findings : [ok(inPostgres, "enough")];
}

async function connectionState(postgres: Pool): Promise<Finding | undefined> {
  const { rows } = await postgres.query<{ role: string; readOnly: boolean; standby: boolean }>(
    `select current_user as role, current_setting('transaction_read_only')::bool as "readOnly", pg_is_in_recovery() as standby`,
  );
  const { role, readOnly, standby } = rows[0]!;
  if (!readOnly) return undefined;
  if (standby)
    return fail(
      inPostgres,
      "PostgreSQL is a standby, which is read-only.",
      "Connect to the primary: checkpoints are kept beside the logs.",
    );
  return fail(
    inPostgres,
    "This connection is read-only: default_transaction_read_only is on for the role or the database.",
    `Take a role that may write, for checkpoints are kept beside the logs: ALTER ROLE "${role}" SET default_transaction_read_only = off;`,
  );
}

async function ofIndices({ elasticsearch, settings }: Connections, needs: CommandNeeds): Promise<Finding[]> {
  const { prefix } = settings.template;
  const missing = await missingPrivileges(elasticsearch, prefix, resources, needs);
  const better = needs.better && (await missingPrivileges(elasticsearch, prefix, resources, needs.better));
  const toRole = "to the role of ELASTICSEARCH_USERNAME or of the API key";
  const findings: Finding[] = [];
  if (missing.length > 0)
    findings.push(fail(inElasticsearch, `Missing: ${missing.join("; ")}.`, `Give them ${toRole}.`));
  if (better !== undefined && better.length > 0)
    findings.push(
      warn(inElasticsearch, `Missing: ${better.join("; ")}: without it ${needs.better!.why}.`, `Give it ${toRole}.`),
    );
  return findings.length > 0 ? findings : [ok(inElasticsearch, "enough")];
}
