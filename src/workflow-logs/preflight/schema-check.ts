import type { Pool } from "pg";
import { AppError } from "../../engine/errors.ts";
import { schemasOf } from "../../stores/postgres/table-schemas.ts";
import { keepTables } from "../cleanup/tables/keep-tables.ts";
import { type Check, fail, type Finding, ok } from "./finding.ts";

const check = "source schema";

/**
 * What the search path finds of one platform has to lie in one schema: rows of another one's tables would keep nothing,
 * or name the wrong people.
 */
export const sourceSchema: Check = ({ connections }) => schemaFindings(connections.postgres);

/** Throws AppError where the tables are found in several schemas. */
export async function requireOneSchema(postgres: Pool): Promise<void> {
  const mixed = (await schemaFindings(postgres)).find(({ level }) => level === "fail");
  if (mixed !== undefined)
    throw new AppError("preflight_failed", mixed.message, {
      hint: mixed.hint ?? "",
    });
}

async function schemaFindings(postgres: Pool): Promise<Finding[]> {
  const found = await schemasOf(postgres, [...keepTables, "end_users", "accounts"]);
  const schemas = Map.groupBy(found, ({ schema }) => schema);
  if (schemas.size === 0) return [];
  const [only] = schemas.keys();
  if (schemas.size === 1) return [ok(check, `${only}: every table of the platform is found there`)];
  const list = Array.from(schemas, ([schema, tables]) => `${tables.map(({ name }) => name).join(", ")} in ${schema}`);
  return [
    fail(
      check,
      `The search path finds tables of the platform in several schemas: ${list.join("; ")}.`,
      "Set the search_path of the role to the platform's own schema, or drop what lies in the others.",
    ),
  ];
}
