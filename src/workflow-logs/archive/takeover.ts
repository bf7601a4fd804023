import { randomUUID } from "node:crypto";
import { UsageError } from "../../engine/errors.ts";
import { sideBySide } from "../../engine/side-by-side.ts";
import { deleteClaim, putClaim } from "../../stores/elasticsearch/archive-claims.ts";
import { giveTo, type MarkedIndex, markedIndices } from "../../stores/elasticsearch/indices/index-marks.ts";
import type { Connections } from "../connections.ts";
import { resources } from "../partitions/log-types.ts";
import { type ArchiveRow, knownIndices, readArchive, saveToken, updateArchive } from "../state/archive.ts";
import {
  beginTakeover,
  countPurgedRows,
  endTakeover,
  forgetCopies,
  noteSetBack,
  openTakeover,
} from "../state/takeovers.ts";
import { upgradeState } from "../state/upgrade.ts";
import { type ChangedSetting, changedSettings, otherSchema } from "./changed-settings.ts";
import { sourceIdentity } from "./source-identity.ts";

export interface TakeoverOptions {
  /**
   * Indices with a mark of this program but of no archive, that are this archive's though its state does not know them.
   */
  readonly indices: readonly string[];
  readonly dryRun: boolean;
  readonly operator: string;
}

export interface TakenIndex {
  readonly name: string;
  /** Undefined where its mark named none. */
  readonly takenFrom: string | undefined;
}

export interface TakeoverReport {
  readonly dryRun: boolean;
  readonly archiveBefore: string;
  /** The same as before where only settings change, or nothing does. */
  readonly archiveAfter: string;
  /** Why there is something to be taken over; empty when there is nothing. */
  readonly reasons: readonly string[];
  readonly indices: readonly TakenIndex[];
  /** Archives that are refused from then on. */
  readonly displaced: readonly string[];
  /** Rows that the next migrate copies again. */
  readonly copiedAgain: number;
  /** Indices that are in the way but are not this archive's by its state: they are left alone. */
  readonly leftAlone: readonly string[];
}

interface Plan extends Omit<TakeoverReport, "dryRun"> {
  readonly row: ArchiveRow;
  readonly marked: readonly MarkedIndex[];
  readonly changed: readonly ChangedSetting[];
  /** This database may be older than the archive: it is a copy, or another one has written since. */
  readonly isSetBack: boolean;
}

const marksAtOnce = 4;

/**
 * Makes this database the one that the archive belongs to, with the settings given: every index that its state knows
 * gets a mark of a new archive id, so that whoever held the archive before is refused from then on. Nothing is written
 * into or deleted from any index. Safe to repeat after it was interrupted.
 */
export async function takeover(connections: Connections, options: TakeoverOptions): Promise<TakeoverReport> {
  const { state } = connections;
  if (!options.dryRun) await upgradeState(state);
  const plan = await planTakeover(connections, options);
  if (!options.dryRun && plan.reasons.length > 0) await carryOut(connections, plan, options.operator);
  const { archiveBefore, archiveAfter, reasons, indices, displaced, copiedAgain, leftAlone } = plan;
  return { dryRun: options.dryRun, archiveBefore, archiveAfter, reasons, indices, displaced, copiedAgain, leftAlone };
}

async function planTakeover(connections: Connections, options: TakeoverOptions): Promise<Plan> {
  const { postgres, state, elasticsearch, settings, archive } = connections;
  const row = await readArchive(state);
  if (row === undefined) {
    throw new UsageError("state_missing", "There is no archive in this database yet, or one of an older program.", {
      hint: "app db upgrade makes it; nothing was changed.",
    });
  }
  const { here, claims, objection } = await archive.facts();
  const other = otherSchema(row, here);
  const unfinished = await openTakeover(state);
  const changed = await changedSettings({ postgres, state, settings }, row);
  const { uuids } = await knownIndices(state);
  const known = new Set(uuids);
  const all = await markedIndices(elasticsearch, settings.template.prefix, resources);
  refuseUnknown(options.indices, all);
  const isMeant = ({ name, uuid }: MarkedIndex): boolean => known.has(uuid) || options.indices.includes(name);
  const marked = all.filter((index) => isMeant(index) && index.mark.archive !== row.id);
  const toldFrom = marked.filter(({ mark }) => mark.archive !== undefined);
  refuseLayoutAlone(changed);
  if (changed.length > 0) await refuseWhilePurged(connections, changed);
  const reasons = [
    ...(objection === undefined ? [] : [objection.message]),
    ...(unfinished === undefined ? [] : ["A takeover was begun and not finished."]),
    ...(other === undefined ? [] : [other.message]),
    ...changed.map(({ variable, stored, given }) => `${variable} becomes ${given} (was ${stored}).`),
    ...(objection === undefined && marked.length > 0
      ? [`${marked.length} indices of this archive lack its mark.`]
      : []),
  ];
  const isOther = toldFrom.length > 0 || (objection !== undefined && objection.code !== "archive_of_another");
  const archiveAfter = unfinished?.archiveAfter ?? (isOther ? randomUUID() : row.id);
  const own = archiveAfter === row.id ? [] : all.filter((index) => isMeant(index) && index.mark.archive === row.id);
  const taken = [...marked, ...own].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const owners = new Set(taken.flatMap(({ mark }) => mark.archive ?? []));
  // A copy has the id of its original: whoever has it and is not this database is displaced too.
  if (isOther) owners.add(row.id);
  if (unfinished !== undefined) owners.add(unfinished.archiveBefore);
  owners.delete(archiveAfter);
  return {
    row,
    changed,
    isSetBack: objection !== undefined && objection.code !== "archive_of_another",
    marked: taken,
    archiveBefore: row.id,
    archiveAfter,
    reasons,
    indices: taken.map(({ name, mark }) => ({ name, takenFrom: mark.archive })),
    displaced: [...owners].filter((id) => claims?.has(id) ?? true),
    copiedAgain: changed.length > 0 ? await countCopiedRows(connections) : 0,
    leftAlone: all.filter((index) => !isMeant(index) && index.mark.archive !== archiveAfter).map(({ name }) => name),
  };
}

/** Under one prefix the old documents would still be read, beside the new ones. */
function refuseLayoutAlone(changed: readonly ChangedSetting[]): void {
  const layout = changed.find(({ variable }) => variable === "ELASTICSEARCH_INDEX_LAYOUT");
  if (layout === undefined || changed.some(({ variable }) => variable === "ELASTICSEARCH_INDEX_PREFIX")) return;
  throw new UsageError(
    "layout_needs_prefix",
    `The layout of indices cannot become ${layout.given} under the same prefix: the logs would be there twice.`,
    {
      hint: "Choose another ELASTICSEARCH_INDEX_PREFIX with it. All rows are copied again under it. Nothing was touched.",
    },
  );
}

async function carryOut(connections: Connections, plan: Plan, operator: string): Promise<void> {
  const { postgres, state, elasticsearch, settings, archive } = connections;
  const { prefix } = settings.template;
  const { row, archiveAfter, marked, changed, displaced, reasons, isSetBack } = plan;
  const here = await sourceIdentity(postgres);
  const indices = marked.map(({ name }) => name);
  const id = await beginTakeover(state, { operator, archiveBefore: row.id, archiveAfter, reasons, indices });
  const token = randomUUID();
  const now = new Date().toISOString();
  if (changed.length > 0) await forgetCopies(state);
  if (isSetBack) await noteSetBack(state);
  await saveToken(state, token, {
    id: archiveAfter,
    system_identifier: here.systemIdentifier,
    database_oid: here.databaseOid,
    table_oid: here.tableOid,
    database_name: here.databaseName,
    timeline: here.timeline,
    source_schema: here.schema,
    source_time_zone: settings.sourceTimeZone,
    index_prefix: prefix,
    index_layout: settings.template.layout ?? "dedicated",
    claimed_at: now,
  });
  // The others are refused before the first mark changes: a takeover that dies here leaves nobody who writes.
  await putClaim(elasticsearch, prefix, {
    archiveId: archiveAfter,
    token,
    database: here.databaseName,
    claimedAt: now,
  });
  for (const other of displaced) await deleteClaim(elasticsearch, prefix, other);
  await sideBySide(marked, marksAtOnce, (index) => giveTo(elasticsearch, archiveAfter, index));
  await updateArchive(state, { adopted_at: now });
  await endTakeover(state, id);
  archive.forget();
}

function refuseUnknown(names: readonly string[], all: readonly MarkedIndex[]): void {
  const unknown = names.filter((name) => !all.some((index) => index.name === name));
  if (unknown.length === 0) return;
  throw new UsageError("index_unknown", `No index that this program made: ${unknown.join(", ")}.`, {
    hint: "Only an index with a name and a mark of this program can be taken over. Nothing was changed.",
  });
}

async function refuseWhilePurged({ state }: Connections, changed: readonly ChangedSetting[]): Promise<void> {
  const purged = await countPurgedRows(state);
  if (purged === 0) return;
  const names = changed.map(({ variable }) => variable).join(" and ");
  throw new UsageError(
    "archive_holds_purged_rows",
    `${purged} rows are in the archive alone: they could not be copied again.`,
    {
      hint: `Set ${names} back, restore them with app elasticsearch restore, then take over with the new setting. Nothing was changed.`,
    },
  );
}

async function countCopiedRows({ state }: Connections): Promise<number> {
  const { rows } = await state
    .selectFrom("partitions")
    .select((row) => row.fn.sum<string | null>("copied_rows").as("rows"))
    .where("state", "<>", "expired")
    .executeTakeFirstOrThrow();
  return Number(rows ?? 0);
}
