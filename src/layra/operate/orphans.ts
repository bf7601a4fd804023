import type { ObjectId } from "mongodb";
import { collection, type KnowledgeBase } from "../mongodb/documents.ts";
import { normalised, referencedTempIds } from "../mongodb/references.ts";
import { removeUnreferenced, type Removal, type RemovalStep } from "../mongodb/remove-unreferenced.ts";
import type { Stores } from "../stores.ts";

export interface OrphanOptions {
  /** Younger ones are left alone: their conversation may still be about to name them. */
  readonly graceMillis?: number;
  readonly dryRun?: boolean;
}

export interface OrphanWatch {
  readonly signal: AbortSignal;
  readonly onRemoved?: (id: string) => void;
  /** For tests. */
  readonly atStep?: (id: string, step: RemovalStep) => Promise<void>;
}

export interface OrphanReport {
  readonly status: "completed" | "completed_with_errors" | "interrupted" | "dry_run";
  readonly orphans: readonly string[];
  readonly removed: readonly string[];
  /** Named by a turn after all, when they were looked at once more. */
  readonly kept: readonly string[];
  readonly failed: readonly string[];
}

const day = 24 * 3600 * 1000;

/**
 * Temporary knowledge bases that are old enough and that no turn of a live conversation or of a chatflow names; also
 * those half deleted before.
 */
export async function findOrphans(stores: Stores, { graceMillis = day }: OrphanOptions): Promise<string[]> {
  const db = await stores.mongodb();
  const candidates: string[] = [];
  const found = collection(db, "knowledge_bases").find(
    { knowledge_base_id: { $regex: "^temp_" }, $or: [{ is_delete: false }, { orphan: { $exists: true } }] },
    { projection: { knowledge_base_id: 1, created_at: 1, last_modify_at: 1, orphan: 1 } },
  );
  for await (const one of found)
    if (one.orphan?.state === "deleting" || ageOf(one) >= graceMillis) candidates.push(one.knowledge_base_id);
  if (candidates.length === 0) return [];
  const named = await referencedTempIds(db);
  return candidates.filter((id) => !named.has(normalised(id)));
}

/**
 * By the youngest of its times. The application writes local times in places: such a one seems younger, and waits
 * longer.
 */
function ageOf({ _id, created_at, last_modify_at }: Partial<KnowledgeBase> & { readonly _id: ObjectId }): number {
  const times = [
    created_at,
    last_modify_at,
    typeof _id === "object" && "getTimestamp" in _id ? _id.getTimestamp() : undefined,
  ];
  const known = times.flatMap((time) => (time instanceof Date ? [time.getTime()] : []));
  return known.length === 0 ? 0 : Math.max(0, Date.now() - Math.max(...known));
}

/** Deletes what `findOrphans` finds, one after the other, each looked at once more as `removeUnreferenced` does. */
export async function removeOrphans(stores: Stores, options: OrphanOptions, watch: OrphanWatch): Promise<OrphanReport> {
  const orphans = await findOrphans(stores, options);
  const [removed, kept, failed]: [string[], string[], string[]] = [[], [], []];
  if (options.dryRun === true) return { status: "dry_run", orphans, removed, kept, failed };
  const places: Readonly<Record<Removal, string[]>> = { removed, referenced: kept, gone: [], failed };
  for (const id of orphans) {
    if (watch.signal.aborted) return { status: "interrupted", orphans, removed, kept, failed };
    const end = await removeUnreferenced(stores, id, (step) => watch.atStep?.(id, step) ?? Promise.resolve());
    places[end].push(id);
    if (end === "removed") watch.onRemoved?.(id);
  }
  return { status: failed.length > 0 ? "completed_with_errors" : "completed", orphans, removed, kept, failed };
}
