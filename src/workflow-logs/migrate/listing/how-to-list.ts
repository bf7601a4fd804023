import { readTriggerMark, type TriggerMark } from "../../capture/trigger-mark.ts";
import type { Connections } from "../../connections.ts";
import type { DataType, Partition } from "../../partitions/log-types.ts";
import { partitionKey } from "../../partitions/log-types.ts";
import type { OnlyNew } from "../../partitions/plan-query.ts";
import { isInScope, type Scope } from "../../partitions/scope.ts";
import type { SourceTable } from "../../partitions/source-schema.ts";
import { type ListedScope, type NewListedScope, readListedScopes } from "../../state/partitions/listed-scopes.ts";
import type { PartitionRecord } from "../../state/partitions/partitions.ts";
import { lookByIndex } from "./created-at-index.ts";

/** How the rows of a log table are listed in this run. */
export interface HowToList {
  readonly dataType: DataType;
  /** What may be new, and nothing else; undefined where the table is read from end to end. */
  readonly only: OnlyNew | undefined;
  /** Why the table is read from end to end; undefined where it is not. */
  readonly why: string | undefined;
  /** What is to be written down for the runs that follow, once all that was listed is copied. */
  readonly next: NewListedScope;
  readonly before: ListedScope | undefined;
}

/** What a run knows before it lists rows. */
export interface KnownBefore {
  readonly restart: boolean;
  readonly scope: Scope;
  readonly isCaptured: boolean;
  /** What the state knows of the scope. */
  readonly partitions: readonly PartitionRecord[];
  /** The indices that are there. */
  readonly indexUuids: ReadonlySet<string>;
  /** Months with fewer documents than were confirmed. */
  readonly suspects: readonly Partition[];
}

/** Where nothing tells of rows that came behind the last month's checkpoints, the table is read whole after so long. */
const longestDays = 7;

export interface Listings {
  readonly mark: TriggerMark;
  readonly byDataType: ReadonlyMap<DataType, HowToList>;
}

/**
 * Decides for each log table whether what was noted, or what an index finds, is all that can be new; wherever that is
 * in doubt the table is read from end to end, and it is said why. Call before rows are listed.
 */
export async function howToList(
  { postgres, state, settings }: Connections,
  sources: readonly SourceTable[],
  known: KnownBefore,
): Promise<Listings> {
  const mark = await readTriggerMark(state);
  const listed = known.restart ? new Map<string, ListedScope>() : await readListedScopes(state, known.scope);
  const byDataType = new Map<DataType, HowToList>();
  for (const source of sources) {
    const { dataType } = source.logType;
    const before = listed.get(dataType);
    const all = scanReason(source, known, before) ?? (known.isCaptured ? noteReason(mark, before!) : undefined);
    if (known.isCaptured) {
      const next = { gaps: mark.gaps, triggers: mark.triggers, since: null, older: null };
      byDataType.set(dataType, {
        dataType,
        only: all === undefined ? { by: "notes" } : undefined,
        why: all,
        next,
        before,
      });
      continue;
    }
    const look = await lookByIndex(postgres, source, settings.sourceTimeZone, before);
    const why = all ?? withoutCaptureReason(before!, look);
    const only = why === undefined ? ({ by: "created_at", since: before!.since! } as const) : undefined;
    const next = { gaps: null, triggers: null, since: look?.since ?? null, older: look?.older ?? null };
    byDataType.set(dataType, { dataType, only, why, next, before });
  }
  return { mark, byDataType };
}

function scanReason(source: SourceTable, known: KnownBefore, before: ListedScope | undefined): string | undefined {
  if (known.restart) return "everything is copied again";
  if (before === undefined) return "no run has yet copied all of this range and these tenants";
  if (!source.table.idIsUnique) return "its ids may not be unique";
  const gone = known.partitions.find(
    (one) =>
      one.dataType === source.logType.dataType &&
      one.state !== "expired" &&
      !known.indexUuids.has(one.indexUuid) &&
      isInScope(one as Partition & PartitionRecord, known.scope),
  );
  const suspect = known.suspects.find(({ dataType }) => dataType === source.logType.dataType);
  if (suspect !== undefined) return `${partitionKey(suspect)} has fewer documents than were confirmed`;
  return gone && `the index of ${partitionKey(gone as Partition & PartitionRecord)} is gone, or is another`;
}

function noteReason(mark: TriggerMark, before: ListedScope): string | undefined {
  if (before.gaps === null) return "capture was installed after it was read last";
  if (before.gaps !== mark.gaps) return "capture has missed writes since it was read last";
  if (before.triggers !== mark.triggers) return "the triggers of capture were changed since it was read last";
  return undefined;
}

function withoutCaptureReason(before: ListedScope, look: Awaited<ReturnType<typeof lookByIndex>>): string | undefined {
  if (look === undefined) return "capture is not installed, and no index begins with created_at";
  if (before.gaps !== null) return "capture is not installed any more";
  if (before.since === null) return "no index began with created_at when it was read last";
  if (look.hasCheckpointAhead) return "a checkpoint lies in the future";
  if (look.olderThanBefore === undefined) {
    const days = (Date.now() - Date.parse(before.scannedAt)) / 86_400_000;
    return days > longestDays ? `it was read last ${Math.floor(days)} days ago` : undefined;
  }
  if (look.olderThanBefore !== before.older) return `rows came, moved or went before ${before.since}`;
  return undefined;
}
