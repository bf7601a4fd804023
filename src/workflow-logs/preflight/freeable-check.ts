import prettyBytes from "pretty-bytes";
import { bypassHint, hidingTables } from "../../stores/postgres/hidden-rows.ts";
import { freeable } from "../cleanup/freeable.ts";
import { keepTables } from "../cleanup/tables/keep-tables.ts";
import { findForeignKeys } from "../cleanup/tables/foreign-keys.ts";
import { relatedTables } from "../cleanup/tables/related-tables.ts";
import { dataTypes } from "../partitions/log-types.ts";
import { inspectSources, zoneOf } from "../partitions/source-schema.ts";
import { appliedMigrations } from "../state/upgrade.ts";
import type { Scope } from "../partitions/scope.ts";
import { deniedTables } from "./denied-tables.ts";
import { type Finding, type Inspection, ok, warn } from "./finding.ts";

const check = "cleanup-pg";

/**
 * How much cleanup-pg could ever free of the log tables, and what keeps the rest; the archive's own obstacles are not
 * looked at, for they can be mended.
 */
export async function freeableSpace(
  { connections }: Inspection,
  { tenantIds }: Scope,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { postgres, settings } = connections;
  const scope: Scope = { dataTypes, tenantIds };
  const sources = await inspectSources(postgres, scope, settings.searchText);
  if (sources.length < dataTypes.length) return [];
  const related = await relatedTables(postgres, sources);
  const sqlNames = Object.values(related).flatMap((table) => table?.sqlName ?? []);
  const hiding = (await hidingTables(postgres, keepTables)).filter(({ why }) => why === "row_security");
  if (hiding.length > 0) {
    const list = hiding.map(({ name }) => name).join(", ");
    return [warn(check, `How much it could free cannot be told: ${list} hides rows.`, bypassHint(hiding[0]!.role))];
  }
  const unreadable = (await deniedTables(postgres, sqlNames, "SELECT")).map(({ name }) => name);
  if (unreadable.length > 0)
    return [
      warn(
        check,
        `How much it could free cannot be told: ${unreadable.join(", ")} cannot be read.`,
        `GRANT SELECT ON ${unreadable.join(", ")} TO the role of DATABASE_URL; cleanup-pg needs it too.`,
      ),
    ];
  const foreignKeys = await findForeignKeys(postgres, related);
  if (foreignKeys.all.some(({ hidden }) => hidden !== null)) return []; // another finding names them
  const hasState = (await appliedMigrations(connections.state)).length > 0;
  const contexts = sources.map((source) => ({
    dataType: source.logType.dataType,
    table: source.table,
    scope,
    timeZone: zoneOf(source, settings.sourceTimeZone),
    indexUuids: undefined,
  }));
  const found = await freeable(postgres, contexts, related, foreignKeys, hasState, signal);
  const sum = (of: (one: (typeof found)[number]) => number): number => found.reduce((all, one) => all + of(one), 0);
  const [free, all] = [sum(({ freeBytes }) => freeBytes), sum(({ tableBytes }) => tableBytes)];
  const kept = found
    .flatMap(({ dataType, kept: reasons }) => reasons.map(({ reason, bytes }) => ({ dataType, reason, bytes })))
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, 5)
    .map(({ dataType, reason, bytes }) => `${prettyBytes(bytes, { binary: true })} of ${dataType} (${reason})`);
  const share = all === 0 ? 0 : Math.floor((100 * free) / all);
  const text = `could free about ${prettyBytes(free, { binary: true })} of ${prettyBytes(all, { binary: true })} (${share}%) for new rows`;
  const rest = kept.length === 0 ? "" : `; kept would be ${kept.join(", ")}`;
  const how = found.some(({ isSampled }) => isSampled) ? "; by a sample" : "";
  return [ok(check, `${text}${rest}${how}`)];
}
