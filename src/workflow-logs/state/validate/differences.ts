import { sql } from "kysely";
import type { DifferenceKind, StateDatabase } from "../database.ts";
import { type PartitionId, partitionColumns } from "../partitions/partition-id.ts";

export interface FoundDifference {
  readonly id: string;
  readonly kind: DifferenceKind;
  readonly columns: readonly string[];
  readonly reason?: string;
}

export interface StoredDifference extends Omit<FoundDifference, "reason"> {
  readonly dataType: string;
  readonly tenantId: string;
  /** Null where created_at names no month. */
  readonly month: string | null;
  /** Why a row is missing, where it is known: it is a record error. Of a doubled document where the other one is. */
  readonly reason: string | null;
  readonly resolved: "repaired" | "deleted" | null;
}

/** Differences of one run in one partition. */
export interface DifferenceScope {
  readonly runId: string;
  readonly partition: PartitionId;
}

export async function addDifferences(
  db: StateDatabase,
  { runId, partition }: DifferenceScope,
  differences: readonly FoundDifference[],
): Promise<void> {
  if (differences.length === 0) return;
  const values = differences.map(({ id, kind, columns }) => ({
    ...partitionColumns(partition),
    run_id: runId,
    record_id: id,
    kind,
    columns: [...columns],
    reason: null,
    resolved: null,
  }));
  await db.insertInto("validation_differences").values(values).execute();
}

/** Forgets what earlier validations found in the partition, but for one that may be gone on with. */
export async function forgetDifferences(
  db: StateDatabase,
  partition: PartitionId,
  options: { keepUnfinished: boolean },
): Promise<void> {
  let query = db.deleteFrom("validation_differences").where((row) => row.and(partitionColumns(partition)));
  if (options.keepUnfinished) {
    query = query.where("run_id", "not in", (inner) =>
      inner
        .selectFrom("validation_progress")
        .select("run_id")
        .where((row) => row.and(partitionColumns(partition))),
    );
  }
  await query.execute();
}

/** The differences that an unfinished run found are now those of the run that goes on with it. */
export async function adoptDifferences(
  db: StateDatabase,
  { runId, partition }: DifferenceScope,
  earlierRunId: string,
): Promise<void> {
  await db
    .updateTable("validation_differences")
    .set({ run_id: runId })
    .where((row) => row.and(partitionColumns(partition)))
    .where("run_id", "=", earlierRunId)
    .execute();
}

/** Forgets differences of a kind that is about to be looked for anew. */
export async function forgetKind(db: StateDatabase, scope: DifferenceScope, kind: DifferenceKind): Promise<void> {
  await db.deleteFrom("validation_differences").where(inScope(scope)).where("kind", "=", kind).execute();
}

/** Ids with an unresolved difference of these kinds, a page at a time; rows added meanwhile are not among them. */
export async function* unresolvedIds(
  db: StateDatabase,
  scope: DifferenceScope,
  kinds: readonly DifferenceKind[],
  pageSize: number,
): AsyncGenerator<string[]> {
  const { last } = await ofScope(db, scope)
    .select((row) => row.fn.max("at").as("last"))
    .executeTakeFirstOrThrow();
  if (last === null) return;
  for (let after = "0"; ;) {
    const page = await ofScope(db, scope)
      .select(["at", "record_id"])
      .where("kind", "in", kinds)
      .where("resolved", "is", null)
      .where("at", ">", after)
      .where("at", "<=", last)
      .orderBy("at")
      .limit(pageSize)
      .execute();
    if (page.length > 0) yield page.map((row) => row.record_id);
    if (page.length < pageSize) return;
    after = page.at(-1)!.at;
  }
}

/** What looking again at differences showed. */
export interface SecondLook {
  readonly kinds: readonly DifferenceKind[];
  /** No difference any more. */
  readonly gone: readonly string[];
  /** What they are now. */
  readonly still: readonly FoundDifference[];
  /** How those that are `gone` are remembered; they are forgotten otherwise. */
  readonly resolved?: "repaired" | "deleted";
}

export async function settleDifferences(db: StateDatabase, scope: DifferenceScope, look: SecondLook): Promise<void> {
  if (look.gone.length > 0) {
    const gone = sql<boolean>`record_id = any(${look.gone})`;
    if (look.resolved === undefined) {
      await db
        .deleteFrom("validation_differences")
        .where(inScope(scope))
        .where("kind", "in", look.kinds)
        .where(gone)
        .execute();
    } else {
      await db
        .updateTable("validation_differences")
        .set({ resolved: look.resolved })
        .where(inScope(scope))
        .where("kind", "in", look.kinds)
        .where(gone)
        .execute();
    }
  }
  if (look.still.length === 0) return;
  await sql`
    update log_archive.validation_differences d set kind = x.kind, columns = array(select json_array_elements_text(x.columns)), reason = coalesce(x.reason, d.reason)
      from json_to_recordset(${JSON.stringify(look.still)}) x(id text, kind text, columns json, reason text)
     where ${inScope(scope)} and d.kind = any(${look.kinds}) and d.record_id = x.id`.execute(db);
}

/** Gives rows that are missing because Elasticsearch refused them that reason. */
export async function explainByRecordErrors(db: StateDatabase, { runId, partition }: DifferenceScope): Promise<void> {
  await sql`
    update log_archive.validation_differences d set reason = 'record error ' || e.type || ': ' || e.reason
      from log_archive.record_errors e
     where d.run_id = ${runId} and d.data_type = ${partition.dataType} and d.tenant_id = ${partition.tenantId}
       and d.month = ${partition.month} and d.kind = 'missing' and d.resolved is null
       and e.data_type = d.data_type and e.record_id = d.record_id`.execute(db);
}

export type DifferenceCounts = Record<DifferenceKind | "recordErrors" | "repaired" | "deleted", number>;

/**
 * How many differences of each kind are left, how many of the missing rows are record errors, and how many were
 * resolved.
 */
export async function countDifferences(db: StateDatabase, scope: DifferenceScope): Promise<DifferenceCounts> {
  const counts = {
    missing: 0,
    different: 0,
    extra: 0,
    changed: 0,
    lost: 0,
    altered: 0,
    doubled: 0,
    recordErrors: 0,
    repaired: 0,
    deleted: 0,
  };
  const groups = await ofScope(db, scope)
    .select(["kind", "resolved"])
    .select((row) => [row.fn.countAll<string>().as("all"), row.fn.count<string>("reason").as("explained")])
    .groupBy(["kind", "resolved"])
    .execute();
  for (const { kind, resolved, all, explained } of groups) {
    counts[resolved ?? kind] += Number(all);
    if (resolved === null && kind === "missing") counts.recordErrors += Number(explained);
  }
  return counts;
}

/** The first differences that a run found, in the order in which they were found. */
export async function listDifferences(db: StateDatabase, runId: string, limit: number): Promise<StoredDifference[]> {
  const rows = await db
    .selectFrom("validation_differences")
    .select(["data_type", "tenant_id", "month", "record_id", "kind", "columns", "reason", "resolved"])
    .where("run_id", "=", runId)
    .where("kind", "<>", "changed")
    .orderBy("at")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    dataType: row.data_type,
    tenantId: row.tenant_id,
    month: row.month,
    id: row.record_id,
    kind: row.kind,
    columns: row.columns,
    reason: row.reason,
    resolved: row.resolved,
  }));
}

function ofScope(db: StateDatabase, scope: DifferenceScope) {
  return db.selectFrom("validation_differences").where(inScope(scope));
}

function inScope({ runId, partition }: DifferenceScope) {
  return sql<boolean>`run_id = ${runId} and data_type = ${partition.dataType} and tenant_id = ${partition.tenantId}
    and month = ${partition.month}`;
}
