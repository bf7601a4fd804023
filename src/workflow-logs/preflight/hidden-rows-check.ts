import { bypassHint, hidingTables } from "../../stores/postgres/hidden-rows.ts";
import { keepTables } from "../cleanup/tables/keep-tables.ts";
import { dataTypes, logTypes, offloadTable } from "../partitions/log-types.ts";
import { type Check, fail, type Finding, ok, warn } from "./finding.ts";

const check = "hidden rows";
const copied = [
  ...dataTypes.map((type) => logTypes[type].table),
  offloadTable,
  "upload_files",
  "end_users",
  "accounts",
];
const kinds = { view: "a view", materialized_view: "a materialized view", foreign_table: "a foreign table" } as const;

/** Rows that this role cannot see would be missed by a copy, and could not keep anything from a purge. */
export const hiddenRows: Check = async ({ connections }) => {
  const findings: Finding[] = [];
  for (const [names, level, what] of [
    [copied, fail, "migrate would fail"],
    [keepTables.filter((name) => !copied.includes(name)), warn, "cleanup-pg would fail"],
  ] as const) {
    for (const { name, role, why } of await hidingTables(connections.postgres, names)) {
      if (why === "row_security")
        findings.push(
          level(check, `Row level security hides rows of ${name} from ${role}: ${what}.`, bypassHint(role)),
        );
      else
        findings.push(
          warn(
            check,
            `${name} is ${kinds[why]}: only what it shows is copied, compared and looked at before a purge.`,
            "Make sure that it shows every row, and shows it at once.",
          ),
        );
    }
  }
  return findings.length > 0 ? findings : [ok(check, "no table hides any")];
};
