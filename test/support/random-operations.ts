import fc from "fast-check";
import type { VectorOperations } from "../../src/vectors/operations/operations.ts";
import { anyRecord, hostileText, vector } from "./vectors.ts";

/** Few ids, so that operations meet; some of them are UUIDs. */
const contestedIds = Array.from({ length: 12 }, (_, at) =>
  at % 3 === 0 ? `0000000${at.toString(16)}-0000-4000-8000-000000000000` : `note-${at}`,
);

const oneId = fc.constantFrom(...contestedIds);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("insert" as const), record: anyRecord, id: oneId }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("upsert" as const),
      records: fc.array(anyRecord, { maxLength: 5 }),
      ids: fc.array(oneId, { minLength: 5, maxLength: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("metadata" as const),
      id: oneId,
      title: fc.option(hostileText, { nil: null }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("vector" as const), id: oneId, vector }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("delete" as const),
      ids: fc.array(oneId, { minLength: 1, maxLength: 3 }),
    }),
  },
);

/** So many operations of all kinds, the same for the same seed, one after the other. */
export async function runRandomOperations(
  on: VectorOperations,
  tenants: readonly string[],
  { seed, steps }: { seed: number; steps: number },
): Promise<void> {
  const planned = fc.sample(fc.tuple(fc.constantFrom(...tenants), step, fc.nat(60)), { seed, numRuns: steps });
  for (const [tenant, one, chance] of planned) {
    if (chance === 0) await on.deleteAllRecords(tenant);
    else if (one.kind === "insert") await on.insertRecord(tenant, { ...one.record, uniqueid: one.id });
    else if (one.kind === "upsert")
      await on.upsertRecords(
        tenant,
        one.records.map((record, at) => ({ ...record, uniqueid: one.ids[at]! })),
      );
    else if (one.kind === "metadata") await on.updateRecordMetadata(tenant, one.id, { title: one.title });
    else if (one.kind === "vector") await on.updateRecordVector(tenant, one.id, one.vector);
    else await on.deleteRecordsByIds(tenant, one.ids);
  }
}
