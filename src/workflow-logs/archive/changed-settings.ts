import type { Pool } from "pg";
import { UsageError } from "../../engine/errors.ts";
import type { Naming } from "../../stores/elasticsearch/indices/index-names.ts";
import type { ArchiveRow } from "../state/archive.ts";
import type { StateDatabase } from "../state/database.ts";
import { type DataType, logTypes } from "../partitions/log-types.ts";
import type { SaveTime } from "../save-time.ts";
import type { SourceIdentity } from "./source-identity.ts";
import { sourceTypes } from "./source-types.ts";

/** The settings that decide under which names, and in which months, everything in the archive lies. */
export interface StoredWith extends SaveTime {
  readonly sourceTimeZone: string;
  readonly template: Naming;
}

export interface ChangedSetting {
  readonly variable: "SOURCE_TIME_ZONE" | "ELASTICSEARCH_INDEX_PREFIX" | "ELASTICSEARCH_INDEX_LAYOUT";
  readonly stored: string;
  readonly given: string;
}

interface Settled {
  readonly postgres: Pool;
  readonly state: StateDatabase;
  readonly settings: StoredWith;
}

/** Settings that are others than those the archive was made with; none while nothing was copied. */
export async function changedSettings(
  { postgres, state, settings }: Settled,
  row: ArchiveRow | undefined,
): Promise<ChangedSetting[]> {
  if (row === undefined) return [];
  const newest = await state
    .selectFrom("partitions")
    .select(["data_type", "tenant_id", "index_name"])
    .where("state", "<>", "expired")
    .orderBy("updated_at", "desc")
    .executeTakeFirst();
  if (newest === undefined) return [];
  const changed: ChangedSetting[] = [];
  const { resource } = logTypes[newest.data_type as DataType];
  const prefixInName = newest.index_name.split(new RegExp(`-${resource}-(?:${newest.tenant_id}|~shared)-`))[0]!;
  const stored = row.index_prefix ?? prefixInName;
  const { prefix, layout = "dedicated" } = settings.template;
  if (stored !== prefix) changed.push({ variable: "ELASTICSEARCH_INDEX_PREFIX", stored, given: prefix });
  const storedLayout = row.index_layout ?? "dedicated";
  if (storedLayout !== layout)
    changed.push({ variable: "ELASTICSEARCH_INDEX_LAYOUT", stored: storedLayout, given: layout });
  const zone = row.source_time_zone;
  if (zone !== null && canonicalZone(zone) !== canonicalZone(settings.sourceTimeZone)) {
    const isNeeded = (await sourceTypes(postgres)).needsTimeZone;
    if (isNeeded) changed.push({ variable: "SOURCE_TIME_ZONE", stored: zone, given: settings.sourceTimeZone });
  }
  return changed;
}

export async function refuseChangedSettings(settled: Settled, row: ArchiveRow | undefined): Promise<void> {
  const changed = await changedSettings(settled, row);
  if (changed.length === 0) return;
  const list = changed.map(
    ({ variable, stored, given }) => `${variable} is ${given}, the archive was made with ${stored}.`,
  );
  throw new UsageError("archive_settings_changed", [...list, "Nothing was touched."].join("\n"), {
    hint: [...changed.map(({ variable, stored }) => `Set ${variable}=${stored}.`), ...changed.map(wayOf)].join(" "),
  });
}

/**
 * Says when the search path finds the log tables in another schema than before: these are tables of another platform,
 * or left over from a move.
 */
export function otherSchema(
  row: ArchiveRow | undefined,
  { schema }: Pick<SourceIdentity, "schema">,
): { readonly message: string; readonly hint: string } | undefined {
  const stored = row?.source_schema ?? null;
  if (stored === null || schema === null || stored === schema) return undefined;
  return {
    message: `The log tables are found in the schema ${schema}; the archive was made from those of ${stored}.`,
    hint: `Set the search_path of the role so that ${stored} comes first. If the tables were moved or renamed: app elasticsearch takeover; --dry-run says what that does.`,
  };
}

export function refuseOtherSchema(row: ArchiveRow | undefined, here: SourceIdentity): void {
  const other = otherSchema(row, here);
  if (other === undefined) return;
  throw new UsageError("archive_settings_changed", `${other.message} Nothing was touched.`, { hint: other.hint });
}

function wayOf({ variable, stored, given }: ChangedSetting): string {
  if (variable === "ELASTICSEARCH_INDEX_LAYOUT")
    return `To move to the layout ${given}, choose another ELASTICSEARCH_INDEX_PREFIX with it; else the logs would be there twice.`;
  const way =
    "restore what was purged, then app elasticsearch takeover, with this setting; --dry-run says what that does.";
  return variable === "SOURCE_TIME_ZONE"
    ? `If ${stored} was wrong: ${way} All rows are copied again with their right times; documents in wrong months are then found and deleted by validate --full --delete-extra.`
    : `To move to ${given}: ${way} All rows are copied again under the new names; the old indices stay until you delete them.`;
}

/** One name for all names of a zone. */
function canonicalZone(zone: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return zone; // a name that only PostgreSQL knows
  }
}
